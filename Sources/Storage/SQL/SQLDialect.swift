/// The database behind a connection: for the few features without common syntax, such as triggers.
package enum SQLDialect: String, Sendable {
    case sqlite = "SQLite"
    case postgres = "PostgreSQL"
}
