import Foundation

/// A resource of pages, which a proxy may serve instead.
package struct StaticAsset: Sendable {
    /// Relative to the server's root: `assets/site.css`.
    package let path: String
    package let bytes: [UInt8]

    /// The resources of the pages and of the API documentation.
    ///
    /// - Parameter swaggerUI: the folder of Swagger UI; `nil` if it is not installed.
    package static func all(swaggerUI: URL?) -> [StaticAsset] {
        PageAsset.allCases.map { StaticAsset(path: "assets/\($0.rawValue)", bytes: $0.bytes) }
            + DocsRoutes(assets: swaggerUI).staticAssets
    }
}
