/// A file that pages load, as a proxy may serve it in our place.
package struct StaticAsset: Sendable {
    /// Below the server's root: `assets/site.css`.
    package let path: String
    package let bytes: [UInt8]

    package static var all: [StaticAsset] {
        PageAsset.allCases.map { StaticAsset(path: "assets/\($0.rawValue)", bytes: $0.bytes) }
    }
}
