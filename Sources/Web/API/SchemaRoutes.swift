import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The description of the API, of which it is itself a part.
enum SchemaRoutes {
    /// - Parameter others: the calls that are described beside this one.
    static func all(with others: [APIRoute], _ settings: WebSettings) throws -> [APIRoute] {
        let document = OpenAPIDocument(
            routes: others + [route(serving: Data())], components: Components.all, settings: settings)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return [route(serving: try encoder.encode(document.json))]
    }

    private static func route(serving document: Data) -> APIRoute {
        let buffer = ByteBuffer(bytes: document)
        return APIRoute(
            .get, "/api/schema/", "This document: OpenAPI 3.1", access: .anyone,
            // As Django's clients ask for it.
            query: [.init("format", .choice(["json", ""]), "The document's format.")],
            answers: [.json(.ok, .map(of: .anything))]
        ) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: buffer))
        }
    }
}
