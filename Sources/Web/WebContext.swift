import Features
import Foundation
import Hummingbird
import Kernel
import NIOCore

/// One request on its way through the routes.
package struct WebContext: RequestContext, RemoteAddressRequestContext {
    package var coreContext: CoreRequestContextStorage
    package let remoteAddress: SocketAddress?
    /// The client's `X-Request-ID` where it is a sound one, else ours.
    var requestID = UUID().uuidString.lowercased()
    /// Whether failures are to be told as RFC 9457 has it.
    var wantsProblems = false
    /// Whom the request's token stands for; nil without a good one.
    var principal: Principal?
    /// A token that was given and is not good.
    var refusedToken: RefusedToken?
    /// The client's network address, where a proxy stands between.
    var clientAddress: String?
    /// What the client says it is.
    var userAgent: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    var origin: RequestOrigin {
        RequestOrigin(requestID: requestID, address: clientAddress ?? remoteAddress?.ipAddress, userAgent: userAgent)
    }

    /// - Parameter enrolling: true for the calls that serve to enrol a second factor.
    /// - Throws: unauthenticated where nobody is signed in; second factor required where that must be enrolled first.
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

    /// The typed id in the path; text that is no id names nothing.
    func id<Entity>(_ name: String = "id", of type: ID<Entity>.Type) throws -> ID<Entity> {
        guard let text = parameters.get(name), let id = ID<Entity>(text) else {
            throw AppError(.notFound, "Not found.")
        }
        return id
    }
}

/// A token that was given and is not good, and why.
struct RefusedToken: Sendable {
    let owner: TokenOwner?
    let error: AppError
}
