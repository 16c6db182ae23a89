import Features
import Kernel

/// The sign-in form.
struct SignInPage: Sendable {
    let title = "Sign in"
    let errors: [String]
    let email: String
    /// The page to continue to; `nil` for the cases.
    let next: String?
    /// Whether the page links to registration.
    let mayRegister: Bool

    init(errors: [String] = [], _ email: String? = nil, next: String?, mayRegister: Bool) {
        self.errors = errors
        self.email = email ?? ""
        self.next = next
        self.mayRegister = mayRegister
    }
}

/// The registration form, with the input except passwords.
struct RegisterPage: Sendable {
    let title = "Register"
    let errors: [String]
    let firstName: String
    let lastName: String
    let email: String
    /// The secret of an invitation's link, which determines the role.
    let invitation: String?
    let roles: [FormControl.Option]
    let shortest: Int
    let longest = PasswordRules.longest
    /// Whether an administrator must approve registrations.
    let needsApproval: Bool

    init(
        _ settings: AccountSettings, invitation: String?, errors: [String] = [], entered: Registration? = nil
    ) {
        self.errors = errors
        firstName = entered?.firstName ?? ""
        lastName = entered?.lastName ?? ""
        email = entered?.email ?? ""
        self.invitation = invitation.flatMap { $0.isEmpty ? nil : $0 }
        let chosen = entered?.role ?? Role.doctor.rawValue
        roles = Role.allCases.filter { $0 != .admin }.map {
            .init(value: $0.rawValue, caption: $0.rawValue.capitalized, isSelected: $0.rawValue == chosen)
        }
        shortest = settings.passwords.shortest
        needsApproval = settings.registration == .approval && self.invitation == nil
    }
}

/// Shown after a registration that is pending approval.
struct RegisteredPage: Sendable {
    let title = "Registration received"
    let errors: [String] = []
    let email: String
}

extension WorklistPage {
    /// The form for a new case, with rejected input.
    struct NewCase: Sendable {
        let patientID: String
        let years: String
        let sexes: [FormControl.Option]
        let indication: String

        init(_ form: PageRoutes.NewCaseForm) {
            patientID = form.patientId ?? ""
            years = form.age ?? ""
            sexes = Case.Sex.allCases.sorted { $0.rawValue < $1.rawValue }.map {
                .init(value: $0.rawValue, caption: Format.sex($0), isSelected: $0.rawValue == form.sex)
            }
            indication = form.indication ?? ""
        }
    }
}
