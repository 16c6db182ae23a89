import Features
import Kernel
import Storage

// Users: people with accounts.

extension AdminTable {
    static let users = {
        var table = AdminTable(
            "users", "Users", "user", audit: .init("user"),
            .rows(
                AdminRows(
                    from: "users u", id: "u.id", order: .newest("u.created_at"), search: ["u.search_text", "u.email"],
                    revision: "u.updated_at", superusers: "u.is_superuser"
                ) { "u.institution_id = \($0.institution) AND u.deleted_at IS NULL" }),
            [
                AdminColumn("email", "Email", "u.email"), AdminColumn("firstName", "First name", "u.first_name"),
                AdminColumn("lastName", "Last name", "u.last_name"), AdminColumn("role", "Role", "u.role", .state),
                AdminColumn("specialty", "Specialty", "u.specialty"),
                AdminColumn("institution", "Affiliation", "u.institution_name").unlisted(),
                AdminColumn("phoneNumber", "Telephone", "u.phone_number").unlisted(),
                AdminColumn("isEmailVerified", "Email verified", "u.is_email_verified", .flag),
                AdminColumn("isActive", "Active", "u.is_active", .flag),
                AdminColumn("isPending", "Pending approval", "u.is_pending", .flag).unlisted(),
                AdminColumn("isLastAdmin", "Last administrator", isLastAdmin, .flag).unlisted().unsortable(),
                AdminColumn("isSuperuser", "Superuser", "u.is_superuser", .flag).unlisted(),
                AdminColumn("secondFactor", "Two-factor authentication", hasSecondFactor, .flag).unlisted(),
                AdminColumn("createdAt", "Registered", "u.created_at", .time),
                AdminColumn("updatedAt", "Changed", "u.updated_at", .time).unlisted(),
            ])
        table.filters = [
            AdminFilter("role", "Role", "u.role", .choice(AdminChoice.all(of: Role.self))),
            AdminFilter("verified", "Email verified", "u.is_email_verified", .flag),
            AdminFilter("active", "Active", "u.is_active", .flag),
            AdminFilter("pending", "Pending approval", "u.is_pending", .flag),
            AdminFilter("factor", "Two-factor authentication", hasSecondFactor, .flag),
            AdminFilter("created", "Registered", "u.created_at", .period),
            AdminFilter("institution", "Institution", "u.institution_id", .reference(table: "institutions")),
        ]
        table.related = [
            AdminRelated(
                "Sessions", "ended", "sessions", by: "user_id", where: "ended_at IS NULL",
                list: .init("sessions", by: "user", .init("ended", "0"))
            ).inline(),
            AdminRelated(
                "Cases", "kept", "cases", by: "created_by",
                where: "deleted_at IS NULL", list: .init("cases", by: "author")),
            AdminRelated(
                "Shared cases", "deleted", "case_shares", by: "user_id", list: .init("shares", by: "user")),
            AdminRelated(
                "Single sign-on accounts", "deleted", "identities", by: "user_id",
                list: .init("identities", by: "user")),
            AdminRelated("Tasks", "kept", "inference_tasks", by: "created_by", list: .init("tasks", by: "author")),
        ]
        table.note = """
            Users join by invitation or register if registration is enabled. To admit a user who is pending approval, open the \
            user's page and choose Approve.
            """
        table.edit = userForm
        table.listEdit = userListForm
        table.forms = [approvalForm, passwordForm]
        table.actions = userActions
        return table
    }()

    private static let hasSecondFactor = """
        (CASE WHEN EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)
        THEN 1 ELSE 0 END)
        """

    /// The institution's only active administrator, without whom no other could be appointed.
    private static let isLastAdmin = """
        (CASE WHEN u.role = 'admin' AND u.is_active = 1 AND NOT EXISTS (
            SELECT 1 FROM users o WHERE o.institution_id = u.institution_id AND o.id <> u.id AND o.role = 'admin'
                AND o.is_active = 1 AND o.deleted_at IS NULL)
        THEN 1 ELSE 0 END)
        """

    private static let approvalForm = AdminForm(
        "approve", title: "Approve",
        fields: [
            .init(
                "role", "Role", .choice(AdminChoice.all(of: Role.self)), isRequired: true,
                help: "The user requested this role. Confirm it or choose another one."
            )
        ]
    ) { services, scope, id, values in
        _ = try await services.users.approve(
            scope, AdministeredServices.id(id, of: UserID.self), ApprovalForm(role: values["role"]))
        return .init(id)
    }.offered { _, row in row["isPending"]?.text == "1" }

    private static let userForm = AdminForm(fields: [
        .init("email", "Email", .email, isRequired: true),
        .init("firstName", "First name", isRequired: true), .init("lastName", "Last name", isRequired: true),
        .init("role", "Role", .choice(AdminChoice.all(of: Role.self)), isRequired: true),
        .init("institution", "Affiliation", help: "Entered by the user; grants no access."),
        .init("specialty", "Specialty"), .init("phoneNumber", "Telephone"),
        .init("isEmailVerified", "Email verified", .flag),
    ]) { services, scope, id, values in
        let change = UserChange(
            firstName: values["firstName"] ?? "", lastName: values["lastName"] ?? "", email: values["email"] ?? "",
            institution: .value(values["institution"] ?? ""), specialty: .value(values["specialty"] ?? ""),
            phoneNumber: .value(values["phoneNumber"] ?? ""), role: values["role"] ?? "",
            isEmailVerified: values.flag("isEmailVerified"))
        do {
            _ = try await services.users.updateUser(
                scope, AdministeredServices.id(id, of: UserID.self), change, if: values.precondition)
        } catch let error as AppError where error.fields["currentPassword"] != nil {
            throw AppError.invalid("email", "Change your own email address on your account page.")
        }
        return .init(id)
    }

    private static let userListForm = AdminForm(fields: [
        .init("role", "Role", .choice(AdminChoice.all(of: Role.self)), isRequired: true),
        .init("isEmailVerified", "Email verified", .flag),
    ]) { services, scope, id, values in
        let change = UserChange(role: values["role"] ?? "", isEmailVerified: values.flag("isEmailVerified"))
        _ = try await services.users.updateUser(
            scope, AdministeredServices.id(id, of: UserID.self), change, if: values.precondition)
        return .init(id)
    }

    private static let passwordForm = AdminForm(
        "password", title: "Set password",
        fields: [
            .init(
                "newPassword", "New password", .password, isRequired: true,
                help: "Give it to the user in person. All sessions of the account end."),
            .init("confirmPassword", "Confirm new password", .password, isRequired: true),
        ]
    ) { services, scope, id, values in
        let form = PasswordChange(newPassword: values["newPassword"], confirmPassword: values["confirmPassword"])
        try await services.users.setPassword(scope, AdministeredServices.id(id, of: UserID.self), form)
        return .init(id)
    }.offered { scope, row in row.id != scope.user.string }

    @Sendable private static func lastAdmin(_ row: AdminRow) -> String? {
        row["isLastAdmin"]?.text == "1" ? UsersService.lastAdministrator.message : nil
    }

    private static let userActions = [
        AdminAction(
            "deactivate", "Deactivate",
            "Deactivated users cannot sign in. Their sessions end.",
            where: { $0["isActive"]?.text == "1" }, unless: lastAdmin
        ) { services, scope, id in
            let change = UserChange(isActive: false)
            _ = try await services.users.updateUser(scope, AdministeredServices.id(id, of: UserID.self), change)
        },
        AdminAction(
            "activate", "Activate", "The users can sign in again.",
            where: { $0["isActive"]?.text == "0" && $0["isPending"]?.text == "0" }
        ) { services, scope, id in
            let change = UserChange(isActive: true)
            _ = try await services.users.updateUser(scope, AdministeredServices.id(id, of: UserID.self), change)
        },
        AdminAction(
            "reset-factor", "Reset two-factor authentication",
            "For users who have lost their device and recovery codes. They sign in with the password only until they set it up again.",
            where: { $0["secondFactor"]?.text == "1" }
        ) { services, scope, id in
            try await services.sessions.secondFactors.reset(scope, AdministeredServices.id(id, of: UserID.self))
        },
        AdminAction(
            "end-sessions", "End sessions", "The users must sign in again."
        ) { services, scope, id in
            try await services.sessions.endAll(scope, of: AdministeredServices.id(id, of: UserID.self))
        },
        AdminAction(
            "delete", "Delete",
            "Deleted accounts cannot be restored. Cases and reports keep the users' names.",
            isDestructive: true, unless: lastAdmin
        ) { services, scope, id in
            try await services.users.delete(scope, AdministeredServices.id(id, of: UserID.self))
        },
    ]
}
