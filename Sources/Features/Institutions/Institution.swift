import Kernel
import Storage

/// A tenant: what belongs to one institution is unknown to the others.
package struct Institution: Sendable, Equatable, Encodable {
    package let id: InstitutionID
    package var name: String
    package let createdAt: Timestamp
    /// How many bytes it may store; nil where the operator's rule holds.
    package var quotaBytes: Int64?
    /// Rises with every change.
    package var revision: Int64 = 1

    private enum CodingKeys: String, CodingKey {
        case id, name, createdAt
    }
}

/// What a superuser sends to make or rename an institution.
package struct InstitutionForm: Decodable, Sendable {
    package var name: String?

    package init(name: String?) {
        self.name = name
    }

    func checkedName() throws -> String {
        var check = Validation()
        let name = check.institutionName(name)
        try check.finish()
        return name
    }
}

/// A partial change of an institution.
package struct InstitutionChange: Sendable {
    package var name: String?
    /// As people write it (`ByteCount`); an empty text takes the institution's own quota away.
    package var quota: Field<String>

    package init(name: String? = nil, quota: Field<String> = .absent) {
        self.name = name
        self.quota = quota
    }
}

extension Institution {
    /// The same with the change, whose fields are checked.
    func changed(by change: InstitutionChange) throws -> Institution {
        var institution = self
        var check = Validation()
        if let name = change.name { institution.name = check.institutionName(name) }
        switch change.quota {
        case .absent: break
        case .null: institution.quotaBytes = nil
        case .value(let text): institution.quotaBytes = check.quota(text)
        }
        try check.finish()
        return institution
    }

    /// The audit trail's names for what has changed, each with what it says of it.
    func changes(since before: Institution) -> [(action: String, change: FieldChange)] {
        let changes: [(String, FieldChange?)] = [
            ("institution.rename", .redacted("name", before.name, name)),
            ("institution.set_quota", .withValues("quotaBytes", before.quotaBytes, quotaBytes)),
        ]
        return changes.compactMap { action, change in change.map { (action, $0) } }
    }
}

extension Validation {
    fileprivate mutating func institutionName(_ name: String?) -> String {
        label("name", name, required: true, atMost: 200)
    }

    fileprivate mutating func quota(_ text: String) -> Int64? {
        guard !text.trimmed.isEmpty else { return nil }
        guard let quota = ByteCount(text, needsUnit: true) else {
            add("quotaBytes", "Enter a size with its unit, such as 500 MB or 20 GiB.")
            return nil
        }
        return quota.bytes
    }
}
