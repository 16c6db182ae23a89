import Basics
import Foundation
import Kernel
import Logging
import Storage

/// A provider's documents, fetched when they are needed and kept for an hour.
actor OpenIDProvider {
    /// A document, or why there is none.
    private struct Entry<Document: Sendable>: Sendable {
        let result: Result<Document, SingleSignOnRefusal>
        let at: Timestamp
    }

    private static let lifetime: Duration = .seconds(3600)
    /// Keys are fetched again for an unknown one, which anyone can send, at most this often.
    private static let keyInterval: Duration = .seconds(60)
    /// A provider that failed is asked again after this time.
    private static let failureInterval: Duration = .seconds(5)

    private let issuer: String
    private let transport: ProviderTransport
    private let logger: Logger
    private let clock: @Sendable () -> Timestamp
    private var metadata: Entry<ProviderMetadata>?
    private var keys: Entry<ProviderKeys>?
    /// Requests in progress, which later callers share.
    private var metadataFetch: Task<Entry<ProviderMetadata>, Never>?
    private var keysFetch: Task<Entry<ProviderKeys>, Never>?

    init(
        issuer: String, transport: ProviderTransport, logger: Logger, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.issuer = issuer
        self.transport = transport
        self.logger = logger
        self.clock = clock
    }

    func discovered() async throws -> ProviderMetadata {
        if let metadata, isFresh(metadata, for: Self.lifetime) { return try metadata.result.get() }
        let fetch =
            metadataFetch
            ?? Task { [issuer, transport, logger, clock] in
                let result = await Self.result(logger, "discovery document") {
                    let body = try await Self.body(ProviderMetadata.url(of: issuer), transport)
                    return try ProviderMetadata(body, issuer: issuer)
                }
                return Entry(result: result, at: clock())
            }
        metadataFetch = fetch
        let entry = await fetch.value
        metadata = entry
        metadataFetch = nil
        return try entry.result.get()
    }

    /// The key set with the key that `header` names, as far as the provider has it.
    func keys(for header: TokenHeader) async throws -> ProviderKeys {
        if let keys {
            let isKnown = (try? keys.result.get())?.contain(keyOf: header) ?? false
            if isFresh(keys, for: isKnown ? Self.lifetime : Self.keyInterval) { return try keys.result.get() }
        }
        let url = try await discovered().keysURL
        let fetch =
            keysFetch
            ?? Task { [transport, logger, clock] in
                let result = await Self.result(logger, "keys") {
                    try ProviderKeys(try await Self.body(url, transport))
                }
                return Entry(result: result, at: clock())
            }
        keysFetch = fetch
        let entry = await fetch.value
        keys = entry
        keysFetch = nil
        return try entry.result.get()
    }

    private func isFresh<Document>(_ entry: Entry<Document>, for lifetime: Duration) -> Bool {
        let isFailure = if case .failure = entry.result { true } else { false }
        return clock().since(entry.at) < (isFailure ? Self.failureInterval : lifetime)
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

    /// Failures are logged here, once for all sign-ins that wait for the document.
    private static func result<Document: Sendable>(
        _ logger: Logger, _ what: String, _ fetch: () async throws -> Document
    ) async -> Result<Document, SingleSignOnRefusal> {
        do {
            return .success(try await fetch())
        } catch {
            let refusal = error as? SingleSignOnRefusal ?? .unreachable
            logger.error(
                "identity provider not available",
                metadata: ["document": "\(what)", "reason": "\(refusal.rawValue)", "cause": "\(error)"])
            return .failure(refusal)
        }
    }
}
