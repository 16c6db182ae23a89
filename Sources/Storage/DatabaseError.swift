/// The reason a database rejected a statement or was unreachable. It never contains a row's values, so it may be
/// logged.
package struct DatabaseError: Error, Equatable, CustomStringConvertible {
    /// The kind of error; the same on both databases.
    package enum Kind: String, Sendable {
        case uniqueViolation, foreignKeyViolation, checkViolation, notNullViolation
        /// Another transaction blocked this one beyond the timeout; a retry may succeed.
        case busy
        /// The server is unreachable, or the file cannot be opened.
        case unavailable
        /// The database's disk is full; it cannot be written.
        case diskFull
        /// The database's schema differs from this program's.
        case schema
        /// A column is missing from a row or has another type than requested.
        case decoding
        /// A value that one of the databases cannot store, such as text with a NUL character.
        case invalidValue
        /// An error in the statement itself.
        case statement
    }

    package let kind: Kind
    package let message: String
    /// For unique and check violations the constraint's name, `uq_users_email`; the same on both databases by the
    /// naming rule `uq_<table>_<column>_<column>…`.
    package let constraint: String?

    package init(_ kind: Kind, _ message: String, constraint: String? = nil) {
        self.kind = kind
        self.message = message
        self.constraint = constraint
    }

    package var description: String { "\(kind.rawValue): \(message)" }
}
