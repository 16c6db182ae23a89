import Basics
import Foundation
import Kernel
import Logging
import Storage

/// A provider's documents, fetched when they are needed and kept for an hour.
struct OpenIDProvider: Sendable {
    private static let lifetime: Duration = .seconds(3600)
    /// Keys are fetched again for an unknown one, which anyone can send, at most this often.
    private static let keyInterval: Duration = .seconds(60)

    private let issuer: String
    private let transport: ProviderTransport
    private let metadata: CachedDocument<ProviderMetadata>
    private let keys: CachedDocument<ProviderKeys>

    init(
        issuer: String, transport: ProviderTransport, logger: Logger, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.issuer = issuer
        self.transport = transport
        metadata = CachedDocument(name: "discovery document", logger: logger, clock: clock)
        keys = CachedDocument(name: "keys", logger: logger, clock: clock)
    }

    func discovered() async throws -> ProviderMetadata {
        try await metadata.get(maximumAge: { _ in Self.lifetime }) { [issuer, transport] in
            try ProviderMetadata(try await Self.body(ProviderMetadata.url(of: issuer), transport), issuer: issuer)
        }
    }

    /// The key set with the key that `header` names, as far as the provider has it.
    func keys(for header: TokenHeader) async throws -> ProviderKeys {
        let url = try await discovered().keysURL
        return try await keys.get(
            maximumAge: { $0.contain(keyOf: header) ? Self.lifetime : Self.keyInterval }
        ) { [transport] in
            try ProviderKeys(try await Self.body(url, transport))
        }
    }

    private static func body(_ url: String, _ transport: ProviderTransport) async throws -> Data {
        let response = try await transport.send(ProviderRequest(url: url))
        guard response.status == 200 else { throw HTTPFailure(status: response.status) }
        return response.body
    }

    /// An unexpected status of one of the provider's documents.
    private struct HTTPFailure: Error, CustomStringConvertible {
        let status: Int

        var description: String { "HTTP \(status)" }
    }
}

/// A document that is fetched when it is needed. Callers share a request in progress and, for a while, its failure.
private actor CachedDocument<Document: Sendable> {
    /// A document, or why there is none.
    private struct Entry: Sendable {
        let result: Result<Document, SingleSignOnRefusal>
        let at: Timestamp
    }

    private let name: String
    private let logger: Logger
    private let clock: @Sendable () -> Timestamp
    private var entry: Entry?
    private var fetch: Task<Entry, Never>?

    init(name: String, logger: Logger, clock: @escaping @Sendable () -> Timestamp) {
        self.name = name
        self.logger = logger
        self.clock = clock
    }

    /// - Parameter maximumAge: after which the document is fetched again.
    func get(
        maximumAge: @Sendable (Document) -> Duration, _ read: @escaping @Sendable () async throws -> Document
    ) async throws -> Document {
        if let entry, isFresh(entry, maximumAge) { return try entry.result.get() }
        let fetch =
            fetch
            ?? Task { [name, logger, clock] in
                Entry(result: await Self.result(name, logger, read), at: clock())
            }
        self.fetch = fetch
        let entry = await fetch.value
        self.entry = entry
        self.fetch = nil
        return try entry.result.get()
    }

    private func isFresh(_ entry: Entry, _ maximumAge: (Document) -> Duration) -> Bool {
        let limit =
            switch entry.result {
            case .success(let document): maximumAge(document)
            // A provider that failed is asked again soon.
            case .failure: Duration.seconds(5)
            }
        return clock().since(entry.at) < limit
    }

    /// Failures are logged here, once for all sign-ins that wait for the document.
    private static func result(
        _ name: String, _ logger: Logger, _ read: () async throws -> Document
    ) async -> Result<Document, SingleSignOnRefusal> {
        do {
            return .success(try await read())
        } catch {
            let refusal = error as? SingleSignOnRefusal ?? .unreachable
            logger.error(
                "identity provider not available",
                metadata: ["document": "\(name)", "reason": "\(refusal.rawValue)", "cause": "\(error)"])
            return .failure(refusal)
        }
    }
}
