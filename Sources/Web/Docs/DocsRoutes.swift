import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The API documentation page: Swagger UI from local files only.
struct DocsRoutes: Sendable {
    /// Where `scripts/bootstrap` installs Swagger UI; `nil` if it is not installed.
    let assets: URL?

    /// The files that the page loads.
    private enum File: String, CaseIterable {
        case bundle = "swagger-ui-bundle.js"
        case style = "swagger-ui.css"
        case icon = "favicon-32x32.png"

        var mediaType: String {
            switch self {
            case .bundle: "text/javascript; charset=utf-8"
            case .style: "text/css; charset=utf-8"
            case .icon: "image/png"
            }
        }
    }

    static let paths: [RouterPath] = ["api/docs", "api/docs/start.js", "api/docs/:name"]

    func add(to router: Router<WebContext>) {
        router.get("api/docs") { _, _ in
            guard assets != nil else { throw Self.notInstalled }
            return Self.answer(PackageResources.docs_html, "text/html; charset=utf-8")
        }
        // The content security policy allows no inline scripts.
        router.get("api/docs/start.js") { _, _ in
            Self.answer(PackageResources.docs_js, "text/javascript; charset=utf-8")
        }
        router.get("api/docs/:name", use: file)
    }

    /// The page's files, if installed.
    var staticAssets: [StaticAsset] {
        let files = File.allCases.compactMap { file in
            bytes(of: file).map { StaticAsset(path: "api/docs/\(file.rawValue)", bytes: [UInt8]($0)) }
        }
        return files.isEmpty ? [] : files + [StaticAsset(path: "api/docs/start.js", bytes: PackageResources.docs_js)]
    }

    private func bytes(of file: File) -> Data? {
        assets.flatMap { try? Data(contentsOf: $0.appendingPathComponent(file.rawValue)) }
    }

    @Sendable private func file(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let file = context.parameters.get("name").flatMap({ File(rawValue: $0) }) else {
            throw AppError(.notFound, "Not found.")
        }
        guard let data = bytes(of: file) else { throw Self.notInstalled }
        return Self.answer([UInt8](data), file.mediaType)
    }

    private static func answer(_ bytes: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "max-age=3600"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static let notInstalled = AppError(
        .unavailable, "Swagger UI is not installed. The OpenAPI schema is at /api/schema/.")
}
