import Features
import Kernel
import Storage

// Institutions and their invitations.

extension AdminTable {
    static let institutions = {
        var table = AdminTable(
            "institutions", "Institutions", "institution", audit: .init("institution"),
            .rows(
                AdminRows(
                    from: "institutions i", id: "i.id", order: .ascending("i.name"), search: ["LOWER(i.name)"],
                    revision: "i.revision"
                ) { $0.isSuperuser ? "1 = 1" : "i.id = \($0.institution)" }),
            [
                AdminColumn("name", "Name", "i.name"), AdminColumn("createdAt", "Created", "i.created_at", .time),
                AdminColumn("storedBytes", "Stored", "i.stored_bytes", .bytes),
                AdminColumn("quotaBytes", "Quota", "i.quota_bytes", .bytes).optional(),
                AdminColumn("used", "Used [%]", usedShare, .number).optional(),
                AdminColumn("id", "Id", "i.id").unsortable(),
            ])
        table.isChangedBySuperusersAlone = true
        table.note = """
            Superusers add and rename institutions, set quotas and act as administrator of any institution. Institutions without a quota \
            of their own have the default (INSTITUTION_QUOTA).
            """
        table.filters = [
            AdminFilter("quota", "Quota", "i.quota_bytes", .presence(yes: "Custom", no: "Default")),
            AdminFilter(
                "full", "Over 90 %", "(CASE WHEN i.stored_bytes >= i.quota_bytes / 10 * 9 THEN 1 ELSE 0 END)",
                .flag),
            AdminFilter("created", "Created", "i.created_at", .period),
        ]
        table.related = [
            AdminRelated(
                "Users", "", "users", by: "institution_id", where: "deleted_at IS NULL",
                list: .init("users", by: "institution")
            ).inline(),
            AdminRelated("Cases", "", "cases", by: "institution_id", where: "deleted_at IS NULL"),
            AdminRelated("Files", "", "blobs", by: "institution_id", bytes: "size"),
        ]
        table.edit = institutionForm(isNew: false)
        table.add = institutionForm(isNew: true)
        table.listEdit = AdminForm(fields: [quotaField]) { services, scope, id, values in
            let change = InstitutionChange(quota: .value(values["quotaBytes"] ?? ""))
            _ = try await services.users.institutions.update(
                scope, AdministeredServices.id(id, of: InstitutionID.self), change, if: values.precondition)
            return .init(id)
        }
        return table
    }()

    /// The used share of its own quota; null without one or with a quota of zero.
    private static let usedShare = "(i.stored_bytes * 100 / NULLIF(i.quota_bytes, 0))"

    private static let quotaField = AdminForm.Field(
        "quotaBytes", "Quota",
        help: "Size with unit, such as 500 MB or 20 GiB. Empty for the default, 0 for no storage.")

    private static func institutionForm(isNew: Bool) -> AdminForm {
        let name = AdminForm.Field("name", "Name", isRequired: true)
        return AdminForm(fields: isNew ? [name] : [name, quotaField]) { services, scope, id, values in
            let institutions = services.users.institutions
            if isNew {
                return .init(try await institutions.create(scope, InstitutionForm(name: values["name"])).id.string)
            }
            let change = InstitutionChange(name: values["name"] ?? "", quota: .value(values["quotaBytes"] ?? ""))
            _ = try await institutions.update(
                scope, AdministeredServices.id(id, of: InstitutionID.self), change, if: values.precondition)
            return .init(id)
        }
    }

    static let invitations = {
        var table = AdminTable(
            "invitations", "Invitations", "invitation", audit: .init("invitation"),
            .rows(
                AdminRows(
                    from: """
                        invitations v LEFT JOIN users a ON a.id = v.created_by
                        LEFT JOIN users u ON u.institution_id = v.institution_id AND u.id = v.used_by
                        """,
                    id: "v.id", order: .newest("v.created_at"), search: ["v.email", "a.search_text", "u.search_text"]
                ) { "v.institution_id = \($0.institution)" }),
            [
                AdminColumn("createdAt", "Made", "v.created_at", .time),
                AdminColumn("role", "Role", "v.role", .state), AdminColumn("email", "For", "v.email").optional(),
                AdminColumn("createdBy", "Created by", "a.email").optional(),
                AdminColumn("expiresAt", "Expires", "v.expires_at", .time),
                AdminColumn("usedAt", "Used", "v.used_at", .time).optional(),
                AdminColumn("usedBy", "Used by", "u.email").optional().linked(to: "users", id: "v.used_by"),
                AdminColumn("revokedAt", "Revoked", "v.revoked_at", .time).optional(),
            ])
        table.note = "An invitation link lets one person register in a role. It is shown only once."
        table.filters = [
            AdminFilter("role", "Role", "v.role", .choice(AdminChoice.all(of: Role.self))),
            AdminFilter("used", "State", "v.used_at", .presence(yes: "Used", no: "Unused")),
            AdminFilter("revoked", "Revoked", "v.revoked_at", .presence(yes: "Yes", no: "No")),
            AdminFilter("created", "Made", "v.created_at", .period),
        ]
        table.add = invitationForm
        table.actions = [
            AdminAction(
                "revoke", "Revoke", "The links stop working.",
                where: { $0["usedAt"]?.value == .null && $0["revokedAt"]?.value == .null }
            ) { services, scope, id in
                try await services.users.invitations.revoke(scope, AdministeredServices.id(id, of: ID<Invitation>.self))
            }
        ]
        return table
    }()

    private static let invitationForm = AdminForm(
        fields: [
            .init("role", "Role", .choice(AdminChoice.all(of: Role.self)), isRequired: true),
            .init("email", "For", .email, help: "The only email address that may use it; empty for any."),
        ], tells: true
    ) { services, scope, _, values in
        let form = InvitationForm(role: values["role"], email: values["email"])
        let issued = try await services.users.invitations.create(scope, form)
        return .init(
            issued.invitation.id.string, message: "Invitation created. This link is shown only now:",
            link: "/register?invitation=\(issued.token.text)")
    }
}
