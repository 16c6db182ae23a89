import HTTPTypes
import Hummingbird
import Kernel

/// A call of the API: method and path, permission, request and responses.
///
/// The same list defines the routes, the OpenAPI document and the test of the permission matrix.
struct APIRoute: Sendable {
    typealias Handler = @Sendable (Request, WebContext) async throws -> Response

    /// Who may make a call.
    enum Access: Sendable, Equatable {
        /// No authentication required.
        case anyone
        /// The URL is signed and grants access.
        case signedAddress
        /// Any authenticated user; the call only concerns that user.
        case signedIn
        /// Users whom `Policy` allows the action.
        case allowed(Action)
    }

    /// The body of a request.
    enum Body: Sendable {
        case json(Schema)
        case multipart(Schema)
        /// Bytes of this media type.
        case bytes(String)
    }

    /// A query parameter or header.
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

    /// A successful response; errors are the same everywhere.
    struct SuccessResponse: Sendable {
        enum Content: Sendable {
            case nothing
            case json(Schema)
            case bytes(String)
            /// Server-sent events.
            case events

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
    /// `/api/cases/{caseId}/update/`: ends with `/`, as in the contract.
    let path: String
    let summary: String
    let access: Access
    let query: [Parameter]
    let body: Body?
    let responses: [SuccessResponse]
    let details: Details
    let handler: Handler

    /// Properties for which most calls use the default.
    struct Details: Sendable {
        /// Schemas of path parameters that are not ids; the name of an id ends in `Id`.
        var pathSchemas: [String: Schema] = [:]
        /// The maximum size of a request's body in bytes; `nil` for the default of its kind.
        var bodyLimit: Int64?
        /// Error statuses beyond those of every call of its kind (`APIRoute.failures`).
        var failures: Set<Int> = []
        /// The headers of the call.
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

    /// The path for the router: `/api/cases/:caseId/update`.
    var routerPath: RouterPath {
        RouterPath(path.replacing("{", with: ":").replacing("}", with: ""))
    }
}

enum MediaType {
    /// Bytes of any kind.
    static let bytes = "application/octet-stream"
}

extension APIRoute.Parameter {
    /// Forms send an empty text if no case was chosen.
    static let caseFilter = Self("caseId", .anyOf([.id, .text(atMost: 0)]), "Filters by case.")

    /// Both ends of a time range, `<name>After` and `<name>Before`.
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

    /// The parameters of every list.
    static let paging =
        pages + [
            Self(
                "cursor", .text(pattern: "^([0-9a-z]{1,11}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$"),
                "Cursor from `next` of the previous page; empty for the first page.")
        ]

    /// The parameters of a short list without cursors.
    static let pages = [
        Self("page", .integer(1...1_000_000), "Page number, from 1. The response includes the total count."),
        Self("page_size", .integer(1...Window.pageLimit), "Rows per page."),
    ]
}

extension APIRoute.SuccessResponse {
    /// A list of the named component: a plain array, or a page if requested.
    static func list(of name: String) -> Self {
        let item = Schema.named(name)
        let page = Schema.object(
            ["count": .integer(), "next": .url.nullable, "previous": .url.nullable, "results": .list(of: item)],
            optional: ["count"])
        return .json(.ok, .oneOf([.list(of: item), page]))
    }
}
