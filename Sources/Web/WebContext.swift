import Features
import Foundation
import Hummingbird
import NIOCore

/// One request on its way through the routes.
package struct WebContext: RequestContext, RemoteAddressRequestContext {
    package var coreContext: CoreRequestContextStorage
    package let remoteAddress: SocketAddress?
    /// The client's `X-Request-ID` where it is a sound one, else ours.
    var requestID = UUID().uuidString.lowercased()
    /// Whom the request's token stands for; nil without a good one.
    var principal: Principal?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    var origin: RequestOrigin { RequestOrigin(requestID: requestID, address: remoteAddress?.ipAddress) }

    /// - Throws: unauthenticated where nobody is signed in.
    func signedIn() throws -> Principal {
        guard let principal else {
            throw AppError(.unauthenticated, "Sign in: the access token is missing, expired or revoked.")
        }
        return principal
    }

    var scope: Scope {
        get throws { try signedIn().scope }
    }

    /// The typed id in the path; text that is no id names nothing.
    func id<Entity>(_ name: String = "id", of type: Entity.Type) throws -> ID<Entity> {
        guard let text = parameters.get(name), let id = ID<Entity>(text) else {
            throw AppError(.notFound, "There is nothing at this address.")
        }
        return id
    }
}
