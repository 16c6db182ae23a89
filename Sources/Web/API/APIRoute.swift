import HTTPTypes
import Hummingbird
import Kernel

/// One call of the API: how it is reached, who may make it, what goes in and what comes out.
///
/// The same list serves the calls, makes the OpenAPI document and is what the permission matrix is tested on.
struct APIRoute: Sendable {
    typealias Handler = @Sendable (Request, WebContext) async throws -> Response

    /// Who may make a call.
    enum Access: Sendable, Equatable {
        /// Nobody has to be signed in.
        case anyone
        /// The address itself is the permission: it is signed.
        case signedAddress
        /// Whoever is signed in; the call concerns nobody else.
        case signedIn
        /// Whom `Policy` allows this, as far as it reaches.
        case allowed(Action)
    }

    /// What a request carries.
    enum Body: Sendable {
        case json(Schema)
        case multipart(Schema)
        /// Bytes of this media type.
        case bytes(String)
    }

    /// A part of the query.
    struct Parameter: Sendable {
        let name: String
        let schema: Schema
        let description: String
        let isRequired: Bool

        init(_ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false) {
            self.name = name
            self.schema = schema
            self.description = description
            self.isRequired = isRequired
        }
    }

    /// A way in which a call succeeds; how calls fail is the same everywhere.
    struct SuccessResponse: Sendable {
        enum Content: Sendable {
            case nothing
            case json(Schema)
            case bytes(String)

            var isBytes: Bool {
                guard case .bytes = self else { return false }
                return true
            }
        }

        let status: HTTPResponse.Status
        let content: Content

        static func json(_ status: HTTPResponse.Status, _ schema: Schema) -> SuccessResponse {
            SuccessResponse(status: status, content: .json(schema))
        }

        static func message(_ status: HTTPResponse.Status = .ok) -> SuccessResponse { .json(status, .named("Message")) }
    }

    let method: HTTPRequest.Method
    /// `/api/cases/{caseId}/update/`: ends in `/` as the contract has it.
    let path: String
    let summary: String
    let access: Access
    let query: [Parameter]
    let body: Body?
    let responses: [SuccessResponse]
    let details: Details
    let handler: Handler

    /// What most calls leave at its default.
    struct Details: Sendable {
        /// Schemas of path parameters that are not ids; the name of an id ends in `Id`.
        var pathSchemas: [String: Schema] = [:]
        /// Bytes that a request's body may have; nil takes what suits the kind of body.
        var bodyLimit: Int64?
        /// Ways to fail beyond those that every call of its kind has (`APIRoute.failures`).
        var failures: Set<Int> = []
        /// Headers that the call understands.
        var headers: [Parameter] = []
    }

    init(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, access: Access, query: [Parameter] = [],
        body: Body? = nil, responses: [SuccessResponse], details: Details = Details(), handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.access = access
        self.query = query
        self.body = body
        self.responses = responses
        self.details = details
        self.handler = handler
    }

    /// The path as the router takes it: `/api/cases/:caseId/update`.
    var routerPath: RouterPath {
        RouterPath(path.replacing("{", with: ":").replacing("}", with: ""))
    }
}

enum MediaType {
    /// Bytes of any kind.
    static let bytes = "application/octet-stream"
}

extension APIRoute.Parameter {
    /// Forms send an empty text where no case was chosen.
    static let caseFilter = Self("caseId", .anyOf([.id, .text(atMost: 0)]), "Filters by case.")

    /// Both ends of a span of time, `<name>After` and `<name>Before`.
    static func span(_ name: String, _ what: String) -> [Self] {
        let time = Schema.anyOf([.text(format: "date"), .time, .text(atMost: 0)])
        return [
            Self("\(name)After", time, "Earliest time \(what); a date means 00:00 UTC of that day."),
            Self("\(name)Before", time, "Latest time \(what), inclusive; a date means that whole day in UTC."),
        ]
    }

    static let force = Self(
        "force", .boolean,
        "Continues if the case has a signed report (else 409 `case_signed`). The signed report stays and a new draft is added."
    )

    static let ifMatch = Self(
        "If-Match", .text(pattern: #"^(\*|"[0-9]{1,18}"(, ?"[0-9]{1,18}")*)$"#),
        "The `ETag` of the version to change; 412 if it is not the current one.")

    /// What every list understands.
    static let paging =
        pages + [
            Self(
                "cursor", .text(pattern: "^([0-9a-z]{1,11}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$"),
                "Cursor from `next` of the previous page; empty for the first page.")
        ]

    /// What a short list understands, which has no cursor.
    static let pages = [
        Self("page", .integer(1...1_000_000), "Page number, from 1. The response includes the total count."),
        Self("page_size", .integer(1...Window.pageLimit), "Rows per page."),
    ]
}

extension APIRoute.SuccessResponse {
    /// A list of the named component: a plain array, or a page where one was asked for.
    static func list(of name: String) -> Self {
        let item = Schema.named(name)
        let page = Schema.object(
            ["count": .integer(), "next": .url.nullable, "previous": .url.nullable, "results": .list(of: item)],
            optional: ["count"])
        return .json(.ok, .oneOf([.list(of: item), page]))
    }
}
