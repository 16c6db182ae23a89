import Storage

/// A tenant: what belongs to one institution is unknown to the others.
package struct Institution: Sendable, Equatable, Encodable {
    package let id: ID<Institution>
    package var name: String
    package let createdAt: Timestamp

    /// The institution that the first migration makes, home of all who register by themselves.
    package static let defaultID = "00000000-0000-4000-8000-000000000001"
}

/// What a superuser sends to make or rename an institution.
package struct InstitutionForm: Decodable, Sendable {
    package var name: String?

    package init(name: String?) {
        self.name = name
    }

    func checkedName() throws -> String {
        var check = Validation()
        let name = check.text("name", name, required: true, atMost: 200)
        try check.finish()
        return name
    }
}
