import Kernel
import Storage

/// A registration request, not validated yet.
package struct Registration: Decodable, Sendable {
    package var email: String?
    package var password: String?
    package var confirmPassword: String?
    package var firstName: String?
    package var lastName: String?
    package var role: String?
    package var institution: String?
    package var specialty: String?
    /// The secret of an invitation's link.
    package var invitation: String?

    package init(
        email: String?, password: String?, confirmPassword: String?, firstName: String? = nil,
        lastName: String? = nil, role: String? = nil, institution: String? = nil, specialty: String? = nil,
        invitation: String? = nil
    ) {
        self.email = email
        self.password = password
        self.confirmPassword = confirmPassword
        self.firstName = firstName
        self.lastName = lastName
        self.role = role
        self.institution = institution
        self.specialty = specialty
        self.invitation = invitation
    }
}

/// A partial change of a user; only administrators may change `role`, `isEmailVerified` and `isActive`.
package struct UserChange: Decodable, Sendable {
    package var firstName: String?
    package var lastName: String?
    package var email: String?
    package var institution: Field<String>
    package var specialty: Field<String>
    package var phoneNumber: Field<String>
    package var role: String?
    package var isEmailVerified: Bool?
    package var isActive: Bool?
    /// The signed-in user's password; required to change one's own email address.
    package var currentPassword: String?

    package init(
        firstName: String? = nil, lastName: String? = nil, email: String? = nil,
        institution: Field<String> = .absent, specialty: Field<String> = .absent,
        phoneNumber: Field<String> = .absent, role: String? = nil, isEmailVerified: Bool? = nil,
        isActive: Bool? = nil, currentPassword: String? = nil
    ) {
        self.firstName = firstName
        self.lastName = lastName
        self.email = email
        self.institution = institution
        self.specialty = specialty
        self.phoneNumber = phoneNumber
        self.role = role
        self.isEmailVerified = isEmailVerified
        self.isActive = isActive
        self.currentPassword = currentPassword
    }
}

/// An administrator's request to approve a registration.
package struct ApprovalForm: Decodable, Sendable {
    /// The role to assign, regardless of the requested one.
    package var role: String?

    package init(role: String?) {
        self.role = role
    }
}

/// A new password; an administrator who sets another user's password need not know the current one.
package struct PasswordChange: Decodable, Sendable {
    package var currentPassword: String?
    package var newPassword: String?
    package var confirmPassword: String?

    package init(currentPassword: String? = nil, newPassword: String?, confirmPassword: String?) {
        self.currentPassword = currentPassword
        self.newPassword = newPassword
        self.confirmPassword = confirmPassword
    }
}

/// The validated fields of an account.
struct AccountForm {
    var email: String
    var password: String
    var firstName: String
    var lastName: String
    var role: Role
    var institution: String
    var specialty: String

    /// Validates a registration; errors use the form's field names. An invitation determines the role, and may be
    /// limited to one address.
    init(_ form: Registration, _ rules: PasswordRules, invitation: Invitation? = nil) throws {
        var check = Validation()
        email = check.email("email", form.email)
        let names = [form.email, form.firstName, form.lastName].compactMap { $0 }
        password = check.password("password", form.password, rules, names: names + [email.localPart])
        if form.confirmPassword != form.password {
            check.add("confirm_password", "The passwords do not match.")
        }
        firstName = check.label("first_name", form.firstName, required: true, atMost: 150)
        lastName = check.label("last_name", form.lastName, required: true, atMost: 150)
        institution = check.label("institution", form.institution, atMost: 200)
        specialty = check.label("specialty", form.specialty, atMost: 200)
        role = invitation?.role ?? check.ownRole(form.role)
        if let invited = invitation?.email, invited != email {
            check.add("email", "The invitation is for a different email address.")
        }
        try check.finish()
    }

    /// A new user with these fields.
    func user(in home: InstitutionID, at now: Timestamp) -> User {
        User(
            id: ID(), institutionID: home, email: email, firstName: firstName, lastName: lastName, role: role,
            institution: institution, specialty: specialty, phoneNumber: "", isEmailVerified: false, createdAt: now,
            updatedAt: now)
    }
}

extension Validation {
    /// The role of a user who registers without an invitation.
    fileprivate mutating func ownRole(_ text: String?) -> Role {
        guard let text else { return .doctor }
        switch Role(rawValue: text) {
        case .admin: add("role", "Administrators cannot register themselves. Ask an administrator.")
        case let known?: return known
        case nil: add("role", "Must be one of doctor, radiologist, researcher.")
        }
        return .doctor
    }
}
