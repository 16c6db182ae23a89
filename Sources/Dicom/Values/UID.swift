import Foundation

/// Unique identifiers (PS3.5 §9, annex B).
package enum UID {
    /// A new UID from a random UUID.
    package static func generated() -> String {
        let uuid = UUID().uuid
        return from(uuid: [
            uuid.0, uuid.1, uuid.2, uuid.3, uuid.4, uuid.5, uuid.6, uuid.7, uuid.8, uuid.9, uuid.10, uuid.11, uuid.12,
            uuid.13, uuid.14, uuid.15,
        ])
    }

    /// PS3.5 §B.2: `2.25.` and the UUID as a decimal number.
    package static func from(uuid: [UInt8]) -> String {
        "2.25.\(uuid.prefix(16).reduce(UInt128(0)) { $0 << 8 | UInt128($1) })"
    }
}
