import Features
import Kernel

extension UserRoutes {
    static let schemas: [String: Schema] = answers.merging(forms) { first, _ in first }

    private static let answers: [String: Schema] = [
        "User": .object([
            "id": .id, "username": .text(), "email": .text(format: "email"), "firstName": .text(),
            "lastName": .text(), "role": role, "institution": .text(), "specialty": .text(), "phoneNumber": .text(),
            "isEmailVerified": .boolean, "isActive": .boolean, "isSuperuser": .boolean,
            "isPending": Schema.boolean.described("Pending approval by an administrator."),
            "createdAt": .time, "updatedAt": .time,
        ]),
        "SignedIn": .object(
            ["user": .named("User"), "access": .text(), "refresh": .text(), "message": .text()],
            optional: ["message"]),
        "Registered": Schema.object(["user": .named("User"), "message": .text()]).described(
            "The account needs approval by an administrator."),
        "TokenPair": .object(["access": .text(), "refresh": .text()]),
        "ChangedUser": .object(["user": .named("User"), "message": .text()]),
        "UserDirectory": .object([
            "users": .list(of: .named("User")),
            "stats": .object([
                "total_users": .integer(), "by_role": .map(of: .integer()), "verified": .integer(),
                "unverified": .integer(),
            ]),
        ]),
    ]

    private static let role = Schema.choice(Role.allCases.map(\.rawValue))

    /// The values accepted by `Validation.email`.
    static let email = Schema.text(
        format: "email", pattern: EmailAddress.pattern, atMost: 254
    ).example("ada@example.org")
    private static let newPassword = Schema.text(PasswordRules.minimumLength...PasswordRules.longest)
        .described("PASSWORD_MIN_LENGTH may require more characters.")

    private static let forms: [String: Schema] = [
        "Registration": Schema.form(
            [
                "email": email, "password": newPassword, "confirm_password": .text(),
                "first_name": .filledLabel(atMost: 150), "last_name": .filledLabel(atMost: 150),
                "role": .choice(Role.allCases.filter { $0 != .admin }.map(\.rawValue)).nullable,
                "institution": Schema.label(atMost: 200).nullable, "specialty": Schema.label(atMost: 200).nullable,
                "invitation": Schema.text().nullable.described("Token of the invitation link."),
            ], required: ["email", "password", "confirm_password", "first_name", "last_name"]
        ).described("`confirm_password` repeats `password`."),
        "Credentials": .form(
            [
                "email": .text(), "password": .text(),
                "otp": Schema.text().nullable.described("Authentication or recovery code."),
            ], required: ["email", "password"]),
        "RefreshForm": .form(["refresh": .text(1...10_000)], required: ["refresh"]),
        "PasswordChange": Schema.form(
            ["currentPassword": .text(), "newPassword": newPassword, "confirmPassword": .text()],
            required: ["currentPassword", "newPassword", "confirmPassword"]
        ).described("`confirmPassword` repeats `newPassword`."),
        "ProfileChange": .form(profile),
        "Approval": .form(["role": role], required: ["role"]),
        "UserChange": .form(
            profile.merging([
                "role": role.nullable, "isEmailVerified": Schema.boolean.nullable,
                "isActive": Schema.boolean.nullable.described("False deactivates the account and ends its sessions."),
            ]) { $1 }),
    ]

    private static let profile: [String: Schema] = [
        "firstName": Schema.filledLabel(atMost: 150).nullable, "lastName": Schema.filledLabel(atMost: 150).nullable,
        "email": email.nullable, "institution": Schema.label(atMost: 200).nullable,
        "specialty": Schema.label(atMost: 200).nullable, "phoneNumber": Schema.label(atMost: 40).nullable,
        "currentPassword": Schema.text().nullable.described("Required to change your own email address."),
    ]
}
