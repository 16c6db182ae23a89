/// Which database stands behind a connection: for the few things that have no common form, such as triggers.
package enum SQLDialect: String, Sendable {
    case sqlite = "SQLite"
    case postgres = "PostgreSQL"
}
