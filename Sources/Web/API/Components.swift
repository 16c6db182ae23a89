/// The component schemas; a feature's are defined with its routes.
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
        EventRoutes.schemas,
    ].reduce(into: [:]) { all, part in
        all.merge(part) { first, _ in first }
    }

    /// Schemas shared by all features.
    private static let shared: [String: Schema] = [
        "Message": .object(["message": .text().described("Message for the user.")]),
        "ValidationError": Schema.map(of: .list(of: .text()))
            .described("Messages by field; `non_field_errors` for messages that concern no single field."),
        "Error": .object([
            "error": .text().described("Message for the user."),
            "code": .text().described("Stable error code."),
        ]),
        "Problem": Schema.object(
            [
                "type": .text(), "title": .text(), "status": .integer(400...599), "detail": .text(), "code": .text(),
                "errors": .map(of: .list(of: .text())),
            ], optional: ["errors"]
        ).described("RFC 9457 problem details, if `Accept` includes application/problem+json."),
    ]
}
