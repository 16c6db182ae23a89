import Features
import Kernel
import Storage

// Sessions, and sign-in data other than passwords.

extension AdminTable {
    static let sessions = {
        var table = AdminTable(
            "sessions", "Sessions", "session", audit: .init("session"),
            .rows(
                AdminRows(
                    from: "sessions s JOIN users u ON u.institution_id = s.institution_id AND u.id = s.user_id",
                    id: "s.id", order: .newest("s.created_at"), search: ["u.search_text", "u.email"],
                    superusers: "u.is_superuser"
                ) { "s.institution_id = \($0.institution)" }),
            [
                AdminColumn("user", "User", "u.email").linked(to: "users", id: "s.user_id"),
                AdminColumn("createdAt", "Signed in", "s.created_at", .time),
                AdminColumn("lastUsedAt", "Last used", "s.last_used_at", .time),
                AdminColumn("expiresAt", "Expires", "s.expires_at", .time),
                AdminColumn("address", "IP address", "s.address").optional().unlisted(),
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
                "Refresh tokens", "revoked", "refresh_tokens", by: "session_id",
                list: .init("tokens", by: "session"))
        ]
        table.actions = [
            AdminAction(
                "end", "End", "The users must sign in again.", isDestructive: true,
                where: { $0["endedAt"]?.value == .null }
            ) { services, scope, id in
                try await services.sessions.end(scope, AdministeredServices.id(id, of: SessionID.self))
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
                    id: "t.id", order: .newest("t.issued_at"), search: ["u.search_text", "u.email"],
                    superusers: "u.is_superuser"
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
                AdminColumn("parent", "Replaced by", "t.parent_id").optional().unlisted().unsortable()
                    .linked(to: "tokens", id: "t.parent_id"),
            ])
        table.note =
            "Only IDs and times of tokens are stored. Revoking a token ends its session."
        table.filters = [
            AdminFilter("used", "Used", "t.first_used_at", .presence(yes: "Used", no: "Unused")),
            AdminFilter("ended", "Session", "s.ended_at", .presence(yes: "Ended", no: "Open")),
            AdminFilter("issued", "Issued", "t.issued_at", .period),
            AdminFilter("session", "Session", "t.session_id", .reference(table: "sessions")),
        ]
        table.actions = [
            AdminAction(
                "revoke", "Revoke", "Ends the sessions of these tokens.",
                where: { $0["endedAt"]?.value == .null }
            ) { services, scope, id in
                try await services.sessions.end(scope, holding: AdministeredServices.id(id, of: ID<RefreshToken>.self))
            }
        ]
        return table
    }()

    static let factors = {
        var table = AdminTable(
            "factors", "Two-factor devices", "two-factor device", audit: .init("second_factor"),
            .rows(
                AdminRows(
                    from:
                        "second_factors f JOIN users u ON u.institution_id = f.institution_id AND u.id = f.user_id",
                    id: "f.user_id", order: .newest("f.created_at"), search: ["u.search_text", "u.email"]
                ) { "f.institution_id = \($0.institution)" }),
            [
                AdminColumn("user", "User", "u.email").linked(to: "users", id: "f.user_id"),
                AdminColumn("createdAt", "Enrolled", "f.created_at", .time),
                AdminColumn("confirmedAt", "Confirmed", "f.confirmed_at", .time).optional(),
                AdminColumn(
                    "codes", "Recovery codes left",
                    "(SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = f.user_id AND r.used_at IS NULL)", .number
                ),
            ])
        table.note = "Reset a lost device on the user's page. Secrets and codes are never shown."
        table.filters = [
            AdminFilter("confirmed", "State", "f.confirmed_at", .presence(yes: "Active", no: "Begun")),
            AdminFilter("created", "Enrolled", "f.created_at", .period),
        ]
        return table
    }()

    static let identities = {
        var table = AdminTable(
            "identities", "Single sign-on accounts", "single sign-on account", audit: .init("identity"),
            .rows(
                AdminRows(
                    from: "identities i JOIN users u ON u.institution_id = i.institution_id AND u.id = i.user_id",
                    id: "i.id", order: .newest("i.created_at"), search: ["u.search_text", "u.email"]
                ) { "i.institution_id = \($0.institution)" }),
            [
                AdminColumn("user", "User", "u.email").linked(to: "users", id: "i.user_id"),
                AdminColumn("issuer", "Provider", "i.issuer"),
                AdminColumn("subject", "Subject", "i.subject").unlisted().unsortable(),
                AdminColumn("createdAt", "Linked", "i.created_at", .time),
                AdminColumn("lastUsedAt", "Last used", "i.last_used_at", .time),
            ])
        table.note = "Users with such an account sign in at the provider and have no password here."
        table.filters = [
            AdminFilter("created", "Linked", "i.created_at", .period),
            AdminFilter("user", "User", "i.user_id", .reference(table: "users")),
        ]
        table.actions = [
            AdminAction(
                "unlink", "Unlink",
                "The users can no longer sign in until you set a password on their page. Their sessions end.",
                isDestructive: true
            ) { services, scope, id in
                try await services.users.unlink(scope, AdministeredServices.id(id, of: ID<Identity>.self))
            }
        ]
        return table
    }()
}
