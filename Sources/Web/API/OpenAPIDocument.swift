import Basics
import HTTPTypes

/// The OpenAPI 3.1 document of a list of calls.
struct OpenAPIDocument {
    let routes: [APIRoute]
    let components: [String: Schema]
    let settings: WebSettings

    var json: JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "NeuroAI", "version": .text(settings.version), "description": .text(Self.description),
            ],
            "servers": [["url": .text(settings.publicURL ?? "/")]],
            "tags": .list(Set(routes.map(\.tag)).sorted().map { ["name": .text($0)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(components.mapValues(\.json)),
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "The `access` of `POST /api/users/login/`.",
                    ]
                ],
            ],
        ]
    }

    private static let description = """
        Segments brain tumours in MRI, measures them and drafts reports. Research software, not a medical device.

        A failed validation is 400 with a map of fields to sentences; every other failure is `{"error", "code"}`. With \
        `Accept: application/problem+json` both are RFC 9457 problems. A path without its last slash is answered like \
        the one with it; a known path answers other methods with 405 and `Allow`; HEAD is answered wherever GET is. \
        JSON is camelCase; bodies and queries may use snake_case as well. A query parameter that a call does not know is \
        refused with 400, as is one given twice; `_` is ignored, which some libraries add against caches.

        A POST with an `Idempotency-Key` (uploads apart) is done once, however often it is repeated within a day: the \
        repetition gets the first answer and `Idempotent-Replayed: true`; the key with another request is 422. A case's \
        `ETag` changes with the case; with `If-Match` a change of an older one is 412.
        """

    private var paths: [String: JSONValue] {
        Dictionary(grouping: routes, by: \.path).mapValues { routes in
            .object(
                Dictionary(
                    routes.map { ($0.method.rawValue.lowercased(), operation($0)) }, uniquingKeysWith: { $1 }))
        }
    }

    private func operation(_ route: APIRoute) -> JSONValue {
        var members: [String: JSONValue] = [
            "operationId": .text(route.operationID), "summary": .text(route.summary),
            "description": .text(route.audience), "tags": [.text(route.tag)],
            "security": route.needsToken ? [["bearer": []]] : [],
            "responses": .object(responses(route)),
        ]
        let parameters = parameters(route)
        if !parameters.isEmpty { members["parameters"] = .list(parameters) }
        if let body = route.body {
            var request: [String: JSONValue] = ["required": true, "content": .object(body.content)]
            if let description = body.description { request["description"] = .text(description) }
            members["requestBody"] = .object(request)
        }
        return .object(members)
    }

    private func parameters(_ route: APIRoute) -> [JSONValue] {
        let places = route.pathParameters.map { name -> JSONValue in
            [
                "name": .text(name), "in": "path", "required": true,
                "schema": (route.placeSchema(name) ?? .text()).json,
            ]
        }
        func listed(_ parameters: [APIRoute.Parameter], in place: String) -> [JSONValue] {
            parameters.map { parameter in
                [
                    "name": .text(parameter.name), "in": .text(place), "required": .bool(parameter.isRequired),
                    "schema": parameter.schema.json, "description": .text(parameter.description),
                ]
            }
        }
        return places + listed(route.query, in: "query") + listed(route.details.headers, in: "header")
    }

    private func responses(_ route: APIRoute) -> [String: JSONValue] {
        var all: [String: JSONValue] = [:]
        for status in route.failures { all[String(status)] = Self.failure(status, hasBody: route.method != .head) }
        for (status, answers) in Dictionary(grouping: route.responses, by: \.status.code) {
            let content = answers.reduce(into: [String: JSONValue]()) { $0.merge($1.content.media) { $1 } }
            var response: [String: JSONValue] = ["description": .text(answers[0].status.reasonPhrase)]
            if !content.isEmpty && route.method != .head { response["content"] = .object(content) }
            all[String(status)] = .object(response)
        }
        return all
    }

    private static let phrases = [
        400: "Invalid request", 401: "Not authenticated", 403: "Permission denied",
        404: "Not found, or not visible to the user", 409: "Conflict with the current state",
        412: "Changed by another request", 413: "Too large", 415: "Unsupported media type",
        422: "`Idempotency-Key` was used for a different request", 423: "Locked by another request",
        460: "Checksum mismatch",
        429: "Too many requests; see `Retry-After`", 503: "Temporarily unavailable",
    ]

    private static func failure(_ status: Int, hasBody: Bool) -> JSONValue {
        guard hasBody else { return ["description": .text(phrases[status] ?? "Refused")] }
        let body: Schema = .named(status == 400 ? "ValidationError" : "Error")
        return [
            "description": .text(phrases[status] ?? "Refused"),
            "content": [
                "application/json": ["schema": body.json],
                "application/problem+json": ["schema": Schema.named("Problem").json],
            ],
        ]
    }
}

extension APIRoute {
    fileprivate var needsToken: Bool {
        switch access {
        case .anyone, .signedAddress: false
        case .signedIn, .allowed: true
        }
    }
}

extension APIRoute.Body {
    fileprivate var content: [String: JSONValue] {
        switch self {
        case .json(let schema): ["application/json": ["schema": schema.json]]
        case .multipart(let schema): ["multipart/form-data": ["schema": schema.json]]
        // The type supported by code generators; the call also accepts the protocol's own type.
        case .bytes: [MediaType.bytes: ["schema": Schema.bytes.json]]
        }
    }

    fileprivate var description: String? {
        guard case .bytes(let type) = self, type != MediaType.bytes else { return nil }
        return "Sent as `\(type)` or as `\(MediaType.bytes)`."
    }
}

extension APIRoute.SuccessResponse.Content {
    fileprivate var media: [String: JSONValue] {
        switch self {
        case .nothing: [:]
        case .json(let schema): ["application/json": ["schema": schema.json]]
        // Code generators support only the generic type, which is used for clients that accept nothing else.
        case .bytes(let type):
            Dictionary([type, MediaType.bytes].map { ($0, ["schema": Schema.bytes.json]) }, uniquingKeysWith: { $1 })
        }
    }
}
