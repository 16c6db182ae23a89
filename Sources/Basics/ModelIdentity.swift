/// The model that produced a result.
package struct ModelIdentity: Codable, Equatable, Sendable {
    package let name: String
    package let version: String
    /// SHA-256 of the package's `model.json`, which contains the digests of all other files.
    package let digest: String

    package init(name: String, version: String, digest: String) {
        self.name = name
        self.version = version
        self.digest = digest
    }
}
