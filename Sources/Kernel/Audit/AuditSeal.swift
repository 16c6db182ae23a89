import Crypto
import Storage

/// An entry's place in its institution's chain: nothing of the entry or of what came before can change without its hash.
package struct AuditSeal: Sendable, Equatable {
    /// From 1 on, without gaps.
    package let sequence: Int64
    /// The hash of the entry before; `AuditSeal.origin` for the first.
    package let previousHash: String
    /// SHA-256 in hexadecimal over what `canonicalForm` gives.
    package let hash: String
    /// Whatever happened before this time was in the chain with this entry.
    package let sealedUntil: Timestamp

    /// Stands before the first entry of a chain.
    package static let origin = String(repeating: "0", count: 64)

    init(sequence: Int64, previousHash: String, hash: String, sealedUntil: Timestamp) {
        self.sequence = sequence
        self.previousHash = previousHash
        self.hash = hash
        self.sealedUntil = sealedUntil
    }

    /// Seals `entry` behind the one with `previousHash`.
    init(_ entry: AuditEntry, sequence: Int64, previousHash: String, sealedUntil: Timestamp) {
        self.init(
            sequence: sequence, previousHash: previousHash,
            hash: Self.hash(entry, sequence: sequence, previousHash: previousHash, sealedUntil: sealedUntil),
            sealedUntil: sealedUntil)
    }

    /// Nil for an entry that is not sealed yet.
    init?(_ row: SQLRow) throws {
        guard let sequence = try row.optional("chain_sequence", as: Int64.self) else { return nil }
        self.init(
            sequence: sequence, previousHash: try row.optional("previous_hash") ?? "",
            hash: try row.optional("entry_hash") ?? "",
            sealedUntil: try row.optional("sealed_until") ?? Timestamp(microseconds: 0))
    }

    static func hash(
        _ entry: AuditEntry, sequence: Int64, previousHash: String, sealedUntil: Timestamp
    ) -> String {
        let bytes = canonicalForm(entry, sequence: sequence, previousHash: previousHash, sealedUntil: sealedUntil)
        return hexadecimal(SHA256.hash(data: bytes))
    }

    /// The bytes that are hashed; docs/audit.md has them with an example. Lengths stand before texts, so that no two entries
    /// can have the same bytes.
    static func canonicalForm(
        _ entry: AuditEntry, sequence: Int64, previousHash: String, sealedUntil: Timestamp
    ) -> [UInt8] {
        var bytes = Array("NeuroAI audit 1\n".utf8)
        bytes.reserveCapacity(512)
        var fields: [String?] = [
            String(sequence), previousHash, String(sealedUntil.microseconds), entry.id.string,
            entry.institution.string, String(entry.occurredAt.microseconds), entry.actor?.string, entry.action,
            entry.objectType, entry.objectID, entry.outcome.rawValue, entry.requestID, entry.address,
        ]
        // Behind all others: an entry without any has the bytes that it had before there were changes.
        for change in entry.changes { fields += [change.field, change.from, change.to] }
        for field in fields {
            if let field {
                bytes += String(field.utf8.count).utf8
                bytes.append(UInt8(ascii: ":"))
                bytes += field.utf8
            } else {
                bytes.append(UInt8(ascii: "-"))
            }
            bytes.append(UInt8(ascii: ","))
        }
        return bytes
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The end of an institution's chain. Noted elsewhere, it proves later that nothing before it was cut off or rewritten.
package struct AuditHead: Sendable, Equatable {
    package let institution: InstitutionID
    /// How many entries are sealed.
    package let sequence: Int64
    package let hash: String
    /// Whatever happened before this time is in the chain; nil before the first entry.
    package let sealedUntil: Timestamp?

    /// An empty chain.
    package init(institution: InstitutionID) {
        self.init(institution: institution, sequence: 0, hash: AuditSeal.origin, sealedUntil: nil)
    }

    init(institution: InstitutionID, sequence: Int64, hash: String, sealedUntil: Timestamp?) {
        self.institution = institution
        self.sequence = sequence
        self.hash = hash
        self.sealedUntil = sealedUntil
    }

    /// The seals of entries that follow this head, in their order.
    ///
    /// - Parameter sealedUntil: by which time everything is in the chain with these.
    func seals(of entries: [AuditEntry], sealedUntil: Timestamp) -> [AuditSeal] {
        var previous = hash
        return entries.enumerated().map { offset, entry in
            let seal = AuditSeal(
                entry, sequence: sequence + Int64(offset) + 1, previousHash: previous, sealedUntil: sealedUntil)
            previous = seal.hash
            return seal
        }
    }
}

extension AuditHead: Encodable {
    private enum CodingKeys: CodingKey {
        case institutionId, sequence, hash, sealedUntil
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(institution, forKey: .institutionId)
        try container.encode(sequence, forKey: .sequence)
        try container.encode(hash, forKey: .hash)
        try container.encode(sealedUntil, forKey: .sealedUntil)
    }
}
