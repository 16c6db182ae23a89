/// Why a database refused or could not be reached. It never carries a row's values, so it may be logged.
package struct DatabaseError: Error, Equatable, CustomStringConvertible {
    /// What kind of fault it is; the same on both databases.
    package enum Kind: String, Sendable {
        case uniqueViolation, foreignKeyViolation, checkViolation, notNullViolation
        /// Another transaction was in the way for longer than we wait; trying again may succeed.
        case busy
        /// The server can't be reached, the file can't be opened.
        case unavailable
        /// The database's disk is full: nothing can be written now.
        case diskFull
        /// The database's schema is not the one that this program knows.
        case schema
        /// A column is missing from a row or holds another type than asked for.
        case decoding
        /// A value that not both databases can hold, such as text with a NUL character.
        case invalidValue
        /// A fault in our own statement.
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
