import Features
import HTTPTypes
import Hummingbird
import Kernel

/// A user's own sessions.
struct SessionRoutes {
    let sessions: SessionsService

    static let schemas: [String: Schema] = [
        "Session": .object([
            "id": .id, "createdAt": .time, "lastUsedAt": .time, "expiresAt": .time,
            "address": .text().nullable, "userAgent": .text().nullable, "isCurrent": .boolean,
        ])
    ]

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/users/sessions/", "List your active sessions", access: .signedIn,
                responses: [.json(.ok, .list(of: .named("Session")))]
            ) { try JSON.response(.ok, await sessions.list($1.signedIn())) },
            APIRoute(
                .delete, "/api/users/sessions/{sessionId}/", "End one of your sessions", access: .signedIn,
                responses: [.message()]
            ) { _, context in
                try await sessions.end(context.signedIn(), context.id("sessionId", of: SessionID.self))
                return try JSON.response(.ok, Message(message: "Session ended."))
            },
        ]
    }
}
