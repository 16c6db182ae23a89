import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// The description of the API, of which it is itself a part.
enum SchemaRoutes {
    /// - Parameter others: the calls that are described beside this one.
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

    /// Made when it is first asked for: it costs more than all else at the start.
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
            // As Django's clients ask for it.
            query: [.init("format", .choice(["json", ""]), "Format of the document.")],
            responses: [.json(.ok, .map(of: .anything))]
        ) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: try document.bytes()))
        }
    }
}
