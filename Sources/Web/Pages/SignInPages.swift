import Features
import HTTPTypes
import Hummingbird
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
    /// `nil` if there is no single sign-on.
    let provider: Provider?

    /// The button for single sign-on. A link and no form: `form-action` of the content security policy would block the
    /// redirect to the provider.
    struct Provider: Sendable {
        let name: String
        let href: String
    }
}

/// The sign-in form with what the settings offer.
struct SignInForms: Sendable {
    let users: UsersService
    let singleSignOn: SingleSignOnService?
    let templates: PageTemplates

    func page(
        _ status: HTTPResponse.Status, errors: [String] = [], email: String? = nil, next: String?
    ) -> Response {
        let start = AdminAddress.address(
            SingleSignOnService.startPath, next.map { [.init(ReturnPath.parameter, $0)] } ?? [])
        return templates.page(
            status, "login",
            SignInPage(
                errors: errors, email: email ?? "", next: next,
                mayRegister: users.accounts.registration != .closed,
                provider: singleSignOn.map { .init(name: $0.providerName, href: start) }))
    }

    /// The same for a failed sign-in.
    func page(refusing error: AppError, _ sentences: [String], email: String? = nil, next: String?) -> Response {
        var response = page(ErrorResponse.status(of: error.code), errors: sentences, email: email, next: next)
        if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
        return response
    }
}

/// A page that leads on by itself. Our cookies are `SameSite=Strict`, so after a redirect from another site they are
/// sent only with requests of our own pages; and a form's redirect to another site is blocked.
struct ContinuePage: Sendable {
    let title: String
    let errors: [String] = []
    let refreshTo: String
    let sentence: String

    static func signedIn(next: String?) -> ContinuePage {
        ContinuePage(title: "Signed in", refreshTo: next ?? ReturnPath.home, sentence: "You are signed in.")
    }

    static func signOut(_ url: String, _ provider: String) -> ContinuePage {
        ContinuePage(
            title: "Signed out", refreshTo: url,
            sentence: "You are signed out of NeuroAI. Continue to sign out of \(provider) as well.")
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
