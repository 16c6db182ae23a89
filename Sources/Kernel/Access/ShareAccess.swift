import Storage

/// How far a colleague's access to a case goes: a writer does what the owner does, but neither deletes the case nor shares it.
package enum ShareAccess: String, Codable, Sendable, CaseIterable, SQLConvertible {
    case read, write
}
