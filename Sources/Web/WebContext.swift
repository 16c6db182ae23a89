import Features
import Foundation
import Hummingbird
import Kernel
import NIOCore

/// The context of a request in the routes.
package struct WebContext: RequestContext, RemoteAddressRequestContext {
    package var coreContext: CoreRequestContextStorage
    package let remoteAddress: SocketAddress?
    /// The client's connection.
    let channel: any Channel
    /// The client's `X-Request-ID` if it is valid, otherwise a generated one.
    var requestID = UUID().uuidString.lowercased()
    /// The request's span: continues the client's `traceparent` if it is valid.
    var trace: TraceContext?
    /// Whether errors use the format of RFC 9457.
    var wantsProblems = false
    /// The user of the request's token; `nil` without a valid one.
    var principal: Principal?
    /// A token that was sent but is invalid.
    var refusedToken: RefusedToken?
    /// The client's network address behind a proxy.
    var clientAddress: String?
    /// The client's User-Agent.
    var userAgent: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remoteAddress = channel.remoteAddress
    }

    var origin: RequestOrigin {
        RequestOrigin(
            requestID: requestID, address: clientAddress ?? remoteAddress?.ipAddress, userAgent: userAgent, trace: trace
        )
    }

    /// - Parameter enrolling: true for calls that enrol a second factor.
    /// - Throws: unauthenticated if no user is signed in; second factor required if it must be enrolled first.
    func signedIn(enrolling: Bool = false) throws -> Principal {
        guard let principal else {
            if let refusedToken, refusedToken.error.code != .unauthenticated { throw refusedToken.error }
            throw AppError(.unauthenticated, "Your session has expired. Sign in again.")
        }
        guard enrolling || !principal.mustEnrol else {
            throw AppError(
                .secondFactorRequired, "Your role requires two-factor authentication. Set it up to continue.")
        }
        return principal
    }

    var scope: Scope {
        get throws { try signedIn().scope }
    }

    /// The typed id in the path; not found if it is invalid.
    func id<Entity>(_ name: String = "id", of type: ID<Entity>.Type) throws -> ID<Entity> {
        guard let text = parameters.get(name), let id = ID<Entity>(text) else {
            throw AppError(.notFound, "Not found.")
        }
        return id
    }
}

/// A token that was sent but is invalid, with the reason.
struct RefusedToken: Sendable {
    let owner: TokenOwner?
    let error: AppError
}
