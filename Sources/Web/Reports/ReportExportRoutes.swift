import Features
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// Printed reports.
struct ReportExportRoutes {
    let reportExport: ReportExportService
    let files: FilesService
    let settings: WebSettings

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/reports/{reportId}/export/", "Export as PDF; a signed report becomes exported",
                access: .allowed(.readReport),
                responses: [.init(status: .ok, content: .bytes("application/pdf"))], details: .init(failures: [409]),
                handler: export),
            APIRoute(
                .head, "/api/reports/{reportId}/export/",
                "Check for the report without exporting it",
                access: .allowed(.readReport), responses: [.init(status: .ok, content: .bytes("application/pdf"))],
                handler: look),
            APIRoute(
                .get, "/api/reports/{reportId}/pdfs/", "List PDFs of a report, newest first",
                access: .allowed(.readReport), responses: [.json(.ok, .list(of: .named("ReportPDF")))], handler: list),
        ]
    }

    @Sendable private func export(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("reportId", of: ID<Report>.self)
        let printed = try await reportExport.export(scope, id)
        let data = try await reportExport.read(printed)
        return Self.answer(id, printed) { writer in
            try await writer.write(ByteBuffer(bytes: data))
            try await writer.finish(nil)
        }
    }

    @Sendable private func look(_ request: Request, _ context: WebContext) async throws -> Response {
        let id = try context.id("reportId", of: ID<Report>.self)
        let printed = try await reportExport.printed(context.scope, id)
        return Self.answer(id, printed) { try await $0.finish(nil) }
    }

    /// The digest and length of a PDF that does not exist yet are unknown, and HEAD may omit them (RFC 9110 §9.3.2).
    private static func answer(
        _ id: ID<Report>, _ printed: PrintedReport?,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers: HTTPFields = [
            .contentType: "application/pdf",
            .contentDisposition: "attachment; filename=\"report-\(id.string.prefix(8)).pdf\"",
        ]
        guard let printed else { return Response(status: .ok, headers: headers, body: ResponseBody(write)) }
        headers[.eTag] = "\"\(printed.sha256)\""
        return Response(
            status: .ok, headers: headers, body: ResponseBody(contentLength: Int(printed.size), write))
    }

    private struct PDFBody: Encodable {
        let id: String
        let url: String
        let fileSize: Int64
        let sha256: String
        let revision: Int
        let status: Report.Status
        let createdBy: String
        let createdAt: String
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let list = try await reportExport.list(scope, context.id("reportId", of: ID<Report>.self))
        let base = request.base(settings)
        return try JSON.response(
            .ok,
            list.map { printed in
                PDFBody(
                    id: printed.id.string, url: base + files.path(scope, printed), fileSize: printed.size,
                    sha256: printed.sha256, revision: printed.revision, status: printed.status,
                    createdBy: printed.author, createdAt: printed.createdAt.description)
            })
    }

    /// The component schemas of these calls.
    static let schemas: [String: Schema] = [
        "ReportPDF": .object([
            "id": .id, "url": .url.described("Signed URL, valid for FILE_URL_LIFETIME minutes."),
            "fileSize": .integer(),
            "sha256": .text(), "revision": .integer(),
            "status": .choice(["draft", "reviewed", "finalized", "exported"]).described(
                "Status of the report when printed."),
            "createdBy": .text(), "createdAt": .time,
        ])
    ]
}
