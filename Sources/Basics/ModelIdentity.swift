/// Which model made a result.
package struct ModelIdentity: Codable, Equatable, Sendable {
    package let name: String
    package let version: String
    /// SHA-256 over the package's `model.json`, which itself names the digest of every other file.
    package let digest: String

    package init(name: String, version: String, digest: String) {
        self.name = name
        self.version = version
        self.digest = digest
    }
}
