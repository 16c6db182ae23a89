import Crypto
import Storage

/// An entry's place in its institution's chain: any change to the entry or its predecessors changes its hash.
package struct AuditSeal: Sendable, Equatable {
    /// Starts at 1, without gaps.
    package let sequence: Int64
    /// The previous entry's hash; `AuditSeal.origin` for the first.
    package let previousHash: String
    /// SHA-256 in hexadecimal of the result of `canonicalForm`.
    package let hash: String
    /// Everything that happened before this time was in the chain when this entry was sealed.
    package let sealedUntil: Timestamp

    /// Precedes the first entry of a chain.
    package static let origin = String(repeating: "0", count: 64)

    init(sequence: Int64, previousHash: String, hash: String, sealedUntil: Timestamp) {
        self.sequence = sequence
        self.previousHash = previousHash
        self.hash = hash
        self.sealedUntil = sealedUntil
    }

    /// Seals `entry` after the one with `previousHash`.
    init(_ entry: AuditEntry, sequence: Int64, previousHash: String, sealedUntil: Timestamp) {
        self.init(
            sequence: sequence, previousHash: previousHash,
            hash: Self.hash(entry, sequence: sequence, previousHash: previousHash, sealedUntil: sealedUntil),
            sealedUntil: sealedUntil)
    }

    /// `nil` if the entry is not sealed yet.
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

    /// The hashed bytes; docs/audit.md defines them with an example. Texts are length-prefixed, so that different
    /// entries never have the same bytes.
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
        // Appended last: an entry without changes has the same bytes as before changes were introduced.
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

/// The end of an institution's chain. If recorded elsewhere, it later proves that nothing before it was removed or
/// rewritten.
package struct AuditHead: Sendable, Equatable {
    package let institution: InstitutionID
    /// The number of sealed entries.
    package let sequence: Int64
    package let hash: String
    /// Everything that happened before this time is in the chain; `nil` before the first entry.
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

    /// The seals of entries after this head, in order.
    ///
    /// - Parameter sealedUntil: the time until which the chain is complete with these entries.
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
