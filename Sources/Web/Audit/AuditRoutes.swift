import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The audit trail for an institution's administrators.
struct AuditRoutes {
    let audit: AuditService
    let settings: WebSettings

    static let exportPath = "/api/audit/export/"

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/audit/", "List audit entries, newest first", access: .allowed(.readAudit),
                query: Self.filters + APIRoute.Parameter.paging, responses: [.list(of: "AuditEntry")], handler: list),
            APIRoute(
                .get, Self.exportPath, "Export audit entries as JSON lines, oldest first", access: .allowed(.readAudit),
                query: Self.filters, responses: [.init(status: .ok, content: .bytes("application/x-ndjson"))],
                handler: export),
            APIRoute(
                .get, "/api/audit/head/", "Head of the audit hash chain",
                access: .allowed(.readAudit), responses: [.json(.ok, .named("AuditHead"))]
            ) { try JSON.response(.ok, await audit.head($1.scope)) },
        ]
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        var query = try AuditQuery(reading: request.query)
        query.window = try request.window()
        let page = try await audit.list(scope, query)
        return try Lists.response(page, query.window, request, settings)
    }

    @Sendable private func export(_ request: Request, _ context: WebContext) async throws -> Response {
        let export = try await audit.export(context.scope, AuditQuery(reading: request.query))
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/x-ndjson", .contentDisposition: "attachment; filename=\"audit.jsonl\"",
            ],
            body: ResponseBody { writer in
                for try await entries in export {
                    try await writer.write(ByteBuffer(bytes: AuditLines.encode(entries)))
                }
                try await writer.finish(nil)
            })
    }
}
