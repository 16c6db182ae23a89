/// The schemas that calls name; a feature's stand beside its routes.
enum Components {
    static let all: [String: Schema] = [
        shared,
        HealthRoutes.schemas,
        UserRoutes.schemas,
        SessionRoutes.schemas,
        SecondFactorRoutes.schemas,
        InvitationRoutes.schemas,
        InstitutionRoutes.schemas,
        CaseRoutes.schemas,
        ShareRoutes.schemas,
        InferenceRoutes.schemas,
        ExpertMaskRoutes.schemas,
        ModelRoutes.schemas,
        AuditRoutes.schemas,
        ReportRoutes.schemas,
        ReportEditRoutes.schemas,
        ReportAddendumRoutes.schemas,
        ReportExportRoutes.schemas,
        FeedbackRoutes.schemas,
    ].reduce(into: [:]) { all, part in
        all.merge(part) { first, _ in first }
    }

    /// What every feature answers with.
    private static let shared: [String: Schema] = [
        "Message": .object(["message": .text().described("A sentence for the user.")]),
        "ValidationError": Schema.map(of: .list(of: .text()))
            .described("What is wrong, by field; `non_field_errors` for what concerns several."),
        "Error": .object([
            "error": .text().described("One sentence for the user."),
            "code": .text().described("Stable, for programs."),
        ]),
        "Problem": Schema.object(
            [
                "type": .text(), "title": .text(), "status": .integer(400...599), "detail": .text(), "code": .text(),
                "errors": .map(of: .list(of: .text())),
            ], optional: ["errors"]
        ).described("RFC 9457, where the request's `Accept` names application/problem+json."),
    ]
}
