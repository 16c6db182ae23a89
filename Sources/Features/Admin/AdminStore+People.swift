import Storage

// Users and what keeps them signed in.

extension AdminStore {
    static let users = {
        var table = AdminTable(
            "users", "Users", "user", audit: .init("user"),
            .rows(
                AdminRows(
                    from: "users u", id: "u.id", order: .newest("u.created_at"), search: ["u.search_text", "u.email"]
                ) { "u.institution_id = \($0.institution) AND u.deleted_at IS NULL" }),
            [
                AdminColumn("email", "E-mail", "u.email"), AdminColumn("firstName", "First name", "u.first_name"),
                AdminColumn("lastName", "Last name", "u.last_name"), AdminColumn("role", "Role", "u.role", .state),
                AdminColumn("specialty", "Specialty", "u.specialty"),
                AdminColumn("institution", "Institution as written", "u.institution_name").unlisted(),
                AdminColumn("phoneNumber", "Telephone", "u.phone_number").unlisted(),
                AdminColumn("isEmailVerified", "E-mail verified", "u.is_email_verified", .flag),
                AdminColumn("isActive", "Active", "u.is_active", .flag),
                AdminColumn("isSuperuser", "Superuser", "u.is_superuser", .flag).unlisted(),
                AdminColumn("secondFactor", "Second factor", hasSecondFactor, .flag).unlisted(),
                AdminColumn("createdAt", "Registered", "u.created_at", .time),
                AdminColumn("updatedAt", "Changed", "u.updated_at", .time).unlisted(),
            ])
        table.filters = [
            AdminFilter("role", "Role", "u.role", .choice(AdminChoice.all(of: Role.self))),
            AdminFilter("verified", "E-mail verified", "u.is_email_verified", .flag),
            AdminFilter("active", "Active", "u.is_active", .flag),
            AdminFilter("factor", "Second factor", hasSecondFactor, .flag),
            AdminFilter("created", "Registered", "u.created_at", .period),
        ]
        table.related = [
            AdminRelated(
                "Sessions", "ended", "sessions", by: "user_id", where: "ended_at IS NULL", list: "sessions",
                filter: "user"),
            AdminRelated(
                "Cases", "kept, with the author's name", "cases", by: "created_by",
                where: "deleted_at IS NULL", list: "cases", filter: "author"),
            AdminRelated("Tasks", "kept", "inference_tasks", by: "created_by", list: "tasks", filter: "author"),
        ]
        table.note = "People join by an invitation or, where that is allowed, register themselves."
        table.edit = userForm
        table.actions = userActions
        return table
    }()

    private static let hasSecondFactor = """
        (CASE WHEN EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)
        THEN 1 ELSE 0 END)
        """

    private static let userForm = AdminForm(fields: [
        .init("email", "E-mail", .email, isRequired: true),
        .init("firstName", "First name", isRequired: true), .init("lastName", "Last name", isRequired: true),
        .init("role", "Role", .choice(AdminChoice.all(of: Role.self)), isRequired: true),
        .init("institution", "Institution as written", help: "As the user wrote it; it grants nothing."),
        .init("specialty", "Specialty"), .init("phoneNumber", "Telephone"),
        .init("isEmailVerified", "E-mail verified", .flag),
    ]) { services, scope, id, values in
        let change = UserChange(
            firstName: values["firstName"] ?? "", lastName: values["lastName"] ?? "", email: values["email"] ?? "",
            institution: .value(values["institution"] ?? ""), specialty: .value(values["specialty"] ?? ""),
            phoneNumber: .value(values["phoneNumber"] ?? ""), role: values["role"] ?? "",
            isEmailVerified: values.flag("isEmailVerified"))
        _ = try await services.users.updateUser(scope, AdministeredServices.id(id, of: User.self), change)
        return .init(id)
    }

    private static let userActions = [
        AdminAction(
            "deactivate", "Deactivate",
            "The accounts can't be used until they are activated again; their sessions end.",
            where: { $0["isActive"]?.text == "1" }
        ) { services, scope, id in
            let change = UserChange(isActive: false)
            _ = try await services.users.updateUser(scope, AdministeredServices.id(id, of: User.self), change)
        },
        AdminAction("activate", "Activate", "The accounts can be used again.", where: { $0["isActive"]?.text == "0" }) {
            services, scope, id in
            let change = UserChange(isActive: true)
            _ = try await services.users.updateUser(scope, AdministeredServices.id(id, of: User.self), change)
        },
        AdminAction(
            "reset-factor", "Reset second factor",
            "For somebody who has lost the device and the recovery codes: the password alone lets in until a new one is set up.",
            where: { $0["secondFactor"]?.text == "1" }
        ) { services, scope, id in
            try await services.sessions.secondFactors.reset(scope, AdministeredServices.id(id, of: User.self))
        },
        AdminAction(
            "end-sessions", "End sessions", "Whoever is signed in by these accounts has to sign in again."
        ) { services, scope, id in
            try await services.sessions.endAll(scope, of: AdministeredServices.id(id, of: User.self))
        },
        AdminAction(
            "delete", "Delete",
            "The accounts can't be used any more, and can't be brought back. What they made stays with their names.",
            isDestructive: true
        ) { services, scope, id in
            try await services.users.delete(scope, AdministeredServices.id(id, of: User.self))
        },
    ]

    static let sessions = {
        var table = AdminTable(
            "sessions", "Sessions", "session", audit: .init("session"),
            .rows(
                AdminRows(
                    from: "sessions s JOIN users u ON u.institution_id = s.institution_id AND u.id = s.user_id",
                    id: "s.id", order: .newest("s.created_at"), search: ["u.search_text", "u.email"]
                ) { "s.institution_id = \($0.institution)" }),
            [
                AdminColumn("user", "User", "u.email").linked(to: "users", id: "s.user_id"),
                AdminColumn("createdAt", "Signed in", "s.created_at", .time),
                AdminColumn("lastUsedAt", "Last used", "s.last_used_at", .time),
                AdminColumn("expiresAt", "Expires", "s.expires_at", .time),
                AdminColumn("address", "From where", "s.address").optional().unlisted(),
                AdminColumn("endedAt", "Ended", "s.ended_at", .time).optional(),
                AdminColumn("endReason", "Why", "s.end_reason", .state).optional(),
            ])
        table.filters = [
            AdminFilter("ended", "State", "s.ended_at", .presence(yes: "Ended", no: "Open")),
            AdminFilter("created", "Signed in", "s.created_at", .period),
            AdminFilter("user", "User", "s.user_id", .reference(table: "users")),
        ]
        table.related = [
            AdminRelated(
                "Refresh tokens", "no longer taken", "refresh_tokens", by: "session_id", list: "tokens",
                filter: "session")
        ]
        table.actions = [
            AdminAction(
                "end", "End", "Whoever is signed in by these sessions has to sign in again.", isDestructive: true,
                where: { $0["endedAt"]?.value == .null }
            ) { services, scope, id in
                try await services.sessions.end(scope, AdministeredServices.id(id, of: Session.self))
            }
        ]
        return table
    }()

    static let tokens = {
        var table = AdminTable(
            "tokens", "Refresh tokens", "refresh token", audit: .init("refresh_token"),
            .rows(
                AdminRows(
                    from: """
                        refresh_tokens t JOIN sessions s ON s.institution_id = t.institution_id AND s.id = t.session_id
                        JOIN users u ON u.institution_id = s.institution_id AND u.id = s.user_id
                        """,
                    id: "t.id", order: .newest("t.issued_at"), search: ["u.search_text", "u.email"]
                ) { "t.institution_id = \($0.institution)" }),
            [
                AdminColumn("id", "Id", "t.id").unsortable(),
                AdminColumn("user", "User", "u.email").linked(to: "users", id: "s.user_id"),
                AdminColumn("session", "Session", "s.id").unsortable().linked(to: "sessions", id: "s.id"),
                AdminColumn("issuedAt", "Issued", "t.issued_at", .time),
                AdminColumn("expiresAt", "Expires", "t.expires_at", .time),
                AdminColumn("firstUsedAt", "First used", "t.first_used_at", .time).optional(),
                AdminColumn("lastUsedAt", "Last used", "t.last_used_at", .time).optional(),
                AdminColumn("endedAt", "Session ended", "s.ended_at", .time).optional(),
                AdminColumn("parent", "Exchanged for", "t.parent_id").optional().unlisted().unsortable()
                    .linked(to: "tokens", id: "t.parent_id"),
            ])
        table.note =
            "Of each token only its id and its times are stored. Revoking one ends the session that it belongs to."
        table.filters = [
            AdminFilter("used", "Used", "t.first_used_at", .presence(yes: "Used", no: "Not used")),
            AdminFilter("ended", "Session", "s.ended_at", .presence(yes: "Ended", no: "Open")),
            AdminFilter("issued", "Issued", "t.issued_at", .period),
            AdminFilter("session", "Session", "t.session_id", .reference(table: "sessions")),
        ]
        table.actions = [
            AdminAction(
                "revoke", "Revoke", "The sessions that these tokens belong to end.",
                where: { $0["endedAt"]?.value == .null }
            ) { services, scope, id in
                try await services.sessions.end(scope, holding: AdministeredServices.id(id, of: RefreshToken.self))
            }
        ]
        return table
    }()
}
