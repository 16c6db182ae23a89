import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// The description of the API, including itself.
enum SchemaRoutes {
    /// - Parameter others: the other calls to describe.
    static func all(with others: [APIRoute], _ settings: WebSettings) throws -> [APIRoute] {
        let described = others + [route(serving: Document { Data() })]
        let document = Document {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
            return try encoder.encode(
                OpenAPIDocument(routes: described, components: Components.all, settings: settings).json)
        }
        return [route(serving: document)]
    }

    /// Created on first use: it costs more than the rest of the start.
    private final class Document: Sendable {
        private let made = Mutex<ByteBuffer?>(nil)
        private let make: @Sendable () throws -> Data

        init(_ make: @escaping @Sendable () throws -> Data) {
            self.make = make
        }

        func bytes() throws -> ByteBuffer {
            try made.withLock { made in
                if let made { return made }
                let fresh = ByteBuffer(bytes: try make())
                made = fresh
                return fresh
            }
        }
    }

    private static func route(serving document: Document) -> APIRoute {
        APIRoute(
            .get, "/api/schema/", "OpenAPI 3.1 schema", access: .anyone,
            // As requested by Django's clients.
            query: [.init("format", .choice(["json", ""]), "Format of the document.")],
            responses: [.json(.ok, .map(of: .anything))]
        ) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: try document.bytes()))
        }
    }
}
