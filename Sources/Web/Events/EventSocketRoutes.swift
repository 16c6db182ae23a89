import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Event streams over WebSocket. OpenAPI cannot describe them, so they are documented in `docs/api.md`.
struct EventSocketRoutes {
    let events: EventsService

    /// What these paths begin with.
    static let prefix = "/ws/"

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/ws/events/", "Changes of cases, segmentations and reports", access: .allowed(.readCase),
                query: [.caseFilter] + EventRoutes.query, responses: [Self.upgraded]
            ) { request, context in
                try await open(try request.topic(), request, context)
            },
            APIRoute(
                .get, "/ws/inference/{taskId}/", "The state of a segmentation until it is over",
                access: .allowed(.readResult), query: EventRoutes.query, responses: [Self.upgraded]
            ) { request, context in
                try await open(.task(context.id("taskId", of: ID<InferenceTask>.self)), request, context)
            },
        ]
    }

    private static let upgraded = APIRoute.SuccessResponse(status: .switchingProtocols, content: .nothing)

    private func open(_ topic: EventTopic, _ request: Request, _ context: WebContext) async throws -> Response {
        let handshake = try SocketHandshake(request)
        let stream = try await events.open(
            context.signedIn(), topic, after: request.lastEventID, over: .webSocket)
        let channel = context.channel
        return Response(
            status: .switchingProtocols, headers: handshake.headers,
            body: ResponseBody { _ in
                try await EventSocket(channel).serve(stream)
            })
    }
}

extension Request {
    var isSocket: Bool { uri.path.hasPrefix(EventSocketRoutes.prefix) }
}
