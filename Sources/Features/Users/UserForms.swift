/// What somebody sends to register; nothing of it has been checked.
package struct Registration: Decodable, Sendable {
    package var email: String?
    package var password: String?
    package var confirmPassword: String?
    package var firstName: String?
    package var lastName: String?
    package var role: String?
    package var institution: String?
    package var specialty: String?

    package init(
        email: String?, password: String?, confirmPassword: String?, firstName: String? = nil,
        lastName: String? = nil, role: String? = nil, institution: String? = nil, specialty: String? = nil
    ) {
        self.email = email
        self.password = password
        self.confirmPassword = confirmPassword
        self.firstName = firstName
        self.lastName = lastName
        self.role = role
        self.institution = institution
        self.specialty = specialty
    }
}

/// A partial change of a user; `role` and `isEmailVerified` are an admin's.
package struct UserChange: Decodable, Sendable {
    package var firstName: String?
    package var lastName: String?
    package var email: String?
    package var institution: Field<String>
    package var specialty: Field<String>
    package var phoneNumber: Field<String>
    package var role: String?
    package var isEmailVerified: Bool?

    package init(
        firstName: String? = nil, lastName: String? = nil, email: String? = nil,
        institution: Field<String> = .absent, specialty: Field<String> = .absent,
        phoneNumber: Field<String> = .absent, role: String? = nil, isEmailVerified: Bool? = nil
    ) {
        self.firstName = firstName
        self.lastName = lastName
        self.email = email
        self.institution = institution
        self.specialty = specialty
        self.phoneNumber = phoneNumber
        self.role = role
        self.isEmailVerified = isEmailVerified
    }
}

/// A password and its successor.
package struct PasswordChange: Decodable, Sendable {
    package var currentPassword: String?
    package var newPassword: String?
    package var confirmPassword: String?

    package init(currentPassword: String?, newPassword: String?, confirmPassword: String?) {
        self.currentPassword = currentPassword
        self.newPassword = newPassword
        self.confirmPassword = confirmPassword
    }
}

/// An account's checked parts.
struct AccountForm {
    var email: String
    var password: String
    var firstName: String
    var lastName: String
    var role: Role
    var institution: String
    var specialty: String

    /// Checks what somebody who registers sent; the field names are those that the form uses.
    init(_ form: Registration) throws {
        var check = Validation()
        email = check.email("email", form.email)
        password = check.password("password", form.password)
        if form.confirmPassword != form.password {
            check.add("confirm_password", "The two passwords do not match.")
        }
        firstName = check.text("first_name", form.firstName, required: true, atMost: 150)
        lastName = check.text("last_name", form.lastName, required: true, atMost: 150)
        institution = check.text("institution", form.institution, atMost: 200)
        specialty = check.text("specialty", form.specialty, atMost: 200)
        role = .doctor
        if let text = form.role {
            switch Role(rawValue: text) {
            case .admin: check.add("role", "An administrator can't be registered; an administrator appoints one.")
            case let known?: role = known
            case nil: check.add("role", "The role is one of doctor, radiologist, researcher.")
            }
        }
        try check.finish()
    }
}

extension Validation {
    /// The address in lower case; ASCII only, so that both databases compare it alike.
    mutating func email(_ field: String, _ text: String?) -> String {
        let address = self.text(field, text, required: true, atMost: 254).lowercased()
        if address.isEmpty { return "" }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = address.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        guard isPlain, parts.count == 2, !parts[0].isEmpty, parts[1].contains("."),
            !parts[1].split(separator: ".", omittingEmptySubsequences: false).contains("")
        else {
            add(field, "Enter a valid email address.")
            return ""
        }
        return address
    }

    mutating func password(_ field: String, _ text: String?) -> String {
        guard let text, !text.isEmpty else {
            add(field, "This field is required.")
            return ""
        }
        let count = text.unicodeScalars.count
        if !PasswordHasher.lengths.contains(count) {
            let limits = PasswordHasher.lengths
            add(field, "A password has \(limits.lowerBound) to \(limits.upperBound) characters.")
        }
        return text
    }
}
