import Kernel
import Storage

/// A tenant: its objects are invisible to other institutions.
package struct Institution: Sendable, Equatable, Encodable {
    package let id: InstitutionID
    package var name: String
    package let createdAt: Timestamp
    /// Its quota in bytes; `nil` if the operator's default applies.
    package var quotaBytes: Int64?
    /// Incremented by every change.
    package var revision: Int64 = 1

    private enum CodingKeys: String, CodingKey {
        case id, name, createdAt
    }
}

/// A superuser's request to create an institution.
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

/// A superuser's request to rename an institution.
package struct InstitutionUpdate: Decodable, Sendable {
    package var name: Field<String>

    /// An empty name, which is rejected, for null.
    package var change: InstitutionChange { InstitutionChange(name: name.isAbsent ? nil : name.given ?? "") }
}

/// A partial change of an institution.
package struct InstitutionChange: Sendable {
    package var name: String?
    /// As text (`ByteCount`); an empty text removes the institution's own quota.
    package var quota: Field<String>

    package init(name: String? = nil, quota: Field<String> = .absent) {
        self.name = name
        self.quota = quota
    }
}

extension Institution {
    /// The institution with the validated change.
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

    /// The audit trail's actions for the changes, each with its field change.
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
