import Foundation

/// A file that pages load, as a proxy may serve it in our place.
package struct StaticAsset: Sendable {
    /// Below the server's root: `assets/site.css`.
    package let path: String
    package let bytes: [UInt8]

    /// The pages' own, and what the page of the API loads.
    ///
    /// - Parameter swaggerUI: where Swagger UI lies; nil where it is not installed.
    package static func all(swaggerUI: URL?) -> [StaticAsset] {
        PageAsset.allCases.map { StaticAsset(path: "assets/\($0.rawValue)", bytes: $0.bytes) }
            + DocsRoutes(assets: swaggerUI).staticAssets
    }
}
