import Features
import Kernel
import Storage

// Shared cases.

extension AdminTable {
    static let shares = {
        var table = AdminTable(
            "shares", "Case shares", "share", audit: .init("case_share"),
            .rows(
                AdminRows(
                    from: """
                        case_shares s JOIN cases c ON c.institution_id = s.institution_id AND c.id = s.case_id
                        JOIN users u ON u.institution_id = s.institution_id AND u.id = s.user_id
                        JOIN users b ON b.id = s.shared_by
                        """,
                    id: "s.case_id || '.' || s.user_id", order: .newest("s.created_at"),
                    search: ["u.search_text", "u.email", "c.search_text"]
                ) { CaseStore.visible($0, for: .shareCase) }),
            [
                AdminColumn("colleague", "Shared with", "u.email").linked(to: "users", id: "s.user_id"),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "s.case_id"),
                AdminColumn("access", "Access", "s.access", .state),
                AdminColumn("sharedBy", "Shared by", "b.email").linked(
                    // A superuser of another institution is shown by name without a link.
                    to: "users", id: "CASE WHEN b.institution_id = s.institution_id THEN s.shared_by END"),
                AdminColumn("createdAt", "Shared", "s.created_at", .time),
            ])
        table.note = "To change the access, share the case with the same colleague again."
        table.filters = [
            AdminFilter("access", "Access", "s.access", .choice(AdminChoice.all(of: ShareAccess.self))),
            AdminFilter("shared", "Shared", "s.created_at", .period),
            AdminFilter("case", "Case", "s.case_id", .reference(table: "cases")),
            AdminFilter("user", "Shared with", "s.user_id", .reference(table: "users")),
        ]
        table.add = shareForm
        table.actions = [
            AdminAction("delete", "Delete", "The colleagues lose access to the cases.", isDestructive: true) {
                services, scope, id in
                let (item, colleague) = try shareParts(id)
                try await services.cases.shares.end(scope, case: item, with: colleague)
            }
        ]
        return table
    }()

    private static let shareForm = AdminForm(fields: [
        .init(
            "case", "Case", .reference(table: "cases"), isRequired: true,
            help: "Case ID; filled in when you open this form from the case."),
        .init("email", "Colleague's email", .email, isRequired: true),
        .init(
            "access", "Access", .choice(AdminChoice.all(of: ShareAccess.self)), isRequired: true,
            help: "Write access includes everything except deleting and sharing the case."),
    ]) { services, scope, _, values in
        guard let id = CaseID(values["case"]?.trimmed ?? "") else { throw unknownCase }
        do {
            let share = try await services.cases.shares.share(
                scope, case: id, ShareForm(email: values["email"], access: values["access"] ?? ""))
            return .init("\(id).\(share.user)")
        } catch let error as AppError where error.code == .notFound {
            throw unknownCase
        }
    }

    private static var unknownCase: AppError { AppError.invalid("case", "Case not found.") }

    /// A share has no id: it is identified by a case and a colleague.
    private static func shareParts(_ id: String) throws -> (CaseID, UserID) {
        let parts = id.split(separator: ".").map(String.init)
        guard parts.count == 2 else { throw AppError(.notFound, "Share not found.") }
        return (
            try AdministeredServices.id(parts[0], of: CaseID.self),
            try AdministeredServices.id(parts[1], of: UserID.self)
        )
    }
}
