import Storage

/// A colleague's access to a case: write access allows everything that the owner may do, except deleting and sharing
/// the case.
package enum ShareAccess: String, Codable, Sendable, CaseIterable, SQLConvertible {
    case read, write
}
