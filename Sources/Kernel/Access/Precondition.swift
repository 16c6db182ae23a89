/// The revisions that a client expects of the object that it changes: `If-Match`.
package enum Precondition: Sendable, Equatable {
    case none
    /// The object must be at one of these; an empty set is never met.
    case revision(among: Set<Int64>)

    /// - Throws: precondition failed if the object has been changed in the meantime.
    package func check(_ revision: Int64) throws {
        guard case .revision(let expected) = self, !expected.contains(revision) else { return }
        throw AppError(
            .preconditionFailed, "Someone else has changed this in the meantime. Load it again, then repeat the change."
        )
    }
}
