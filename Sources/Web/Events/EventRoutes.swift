import Features
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// Server-sent events (HTML Standard §9.2), and tickets for clients that cannot send an `Authorization` header.
struct EventRoutes {
    let events: EventsService
    let sessions: SessionsService

    static let mediaType = "text/event-stream"
    /// After which clients reconnect, in milliseconds.
    private static let retry = "retry: 3000\n"

    static let schemas: [String: Schema] = [
        "EventTicket": .object([
            "ticket": Schema.text().described("The value of `ticket` in the URL of a stream."), "expiresAt": .time,
        ]),
        // The fields of one event of a stream, as tools that know server-sent events read them.
        "Event": .object(
            [
                "event": .choice(["ready", "resync", "case", "task", "report", "end"]),
                "data": Schema.text().described(
                    "JSON on one line: the object's present state, or the reason of the end."),
                "id": Schema.text().described("The value of `Last-Event-ID`."), "retry": .integer(),
            ], optional: ["id", "retry"]),
    ]

    /// Of streams, in both protocols.
    static let query = [
        APIRoute.Parameter(
            "lastEventId", .text(), "ID of the last event received, where `Last-Event-ID` cannot be sent."),
        APIRoute.Parameter("ticket", .text(), "Ticket of `POST /api/events/ticket/`, instead of a token."),
    ]

    private static let details = APIRoute.Details(
        failures: [429],
        headers: [
            .init(
                "Last-Event-ID", .text(),
                "ID of the last event received; later changes are sent first, or `resync` if they are not known any more."
            )
        ])

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/events/", "Stream changes of cases, segmentations and reports", access: .allowed(.readCase),
                query: [.caseFilter] + Self.query, responses: [.eventStream], details: Self.details
            ) { request, context in
                try await open(try request.topic(), request, context)
            },
            APIRoute(
                .get, "/api/inference/{taskId}/events/", "Stream the state of a segmentation until it is over",
                access: .allowed(.readResult), query: Self.query, responses: [.eventStream], details: Self.details
            ) { request, context in
                try await open(.task(context.id("taskId", of: ID<InferenceTask>.self)), request, context)
            },
            APIRoute(
                .post, "/api/events/ticket/", "Create a ticket for the URL of an event stream, valid for one minute",
                access: .allowed(.readCase), responses: [.json(.created, .named("EventTicket"))]
            ) { _, context in
                try await JSON.response(.created, sessions.ticket(context.signedIn()))
            },
        ]
    }

    private func open(_ topic: EventTopic, _ request: Request, _ context: WebContext) async throws -> Response {
        let stream = try await events.open(
            context.signedIn(), topic, after: request.lastEventID, over: .serverSentEvents)
        let channel = context.channel
        channel.closeFuture.whenComplete { [weak stream] _ in stream?.close() }
        return Response(
            status: .ok,
            headers: [.contentType: Self.mediaType, .cacheControl: "no-store", .proxyBuffering: "no"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: Self.retry))
                try await stream.forEach(abandon: { channel.close(promise: nil) }) {
                    try await writer.write($0.serverSentEvent())
                }
                try await writer.finish(nil)
            })
    }
}

extension APIRoute.SuccessResponse {
    static let eventStream = Self(status: .ok, content: .events)
}

extension Request {
    /// The last event that the client has received; some servers' clients send it empty.
    var lastEventID: String? {
        let named = headers[.lastEventID] ?? query("lastEventId")
        return named.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// One case, or everything.
    func topic() throws -> EventTopic {
        try queryID("caseId", of: CaseID.self).map { .case($0) } ?? .all
    }
}

extension HTTPField.Name {
    static let lastEventID = HTTPField.Name("Last-Event-ID").unsafelyUnwrapped
    /// Tells nginx to pass events on at once.
    fileprivate static let proxyBuffering = HTTPField.Name("X-Accel-Buffering").unsafelyUnwrapped
}
