import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension Request {
    /// A query parameter in either spelling; empty counts as missing.
    func query(_ name: String) -> String? {
        queryItems.value(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A query parameter that is true or false.
    func flag(_ name: String) throws -> Bool { try optionalFlag(name) ?? false }

    /// The same; `nil` if missing.
    func optionalFlag(_ name: String) throws -> Bool? {
        switch query(name)?.lowercased() {
        case nil: nil
        case "false", "0": false
        case "true", "1": true
        default: throw AppError.invalid(name, "Must be true or false.")
        }
    }

    /// The requested part of a list.
    func window() throws -> Window {
        let size = try positive("page_size") ?? 50
        guard size <= Window.pageLimit else {
            throw AppError.invalid("page_size", "Ensure this value is between 1 and \(Window.pageLimit).")
        }
        if let page = try positive("page") {
            // Unused, but an invalid cursor is an error here as well.
            if let cursor = query("cursor"), cursor.wholeMatch(of: Self.cursorForm) == nil {
                throw AppError.invalid("cursor", Self.invalidCursor)
            }
            return .page(number: page, size: size)
        }
        if let cursor = queryItems.value("cursor") {
            return .cursor(after: cursor.isEmpty ? nil : cursor, size: size)
        }
        return .plain(limit: Window.plainLimit)
    }

    static var invalidCursor: String { "Invalid cursor." }

    private static var cursorForm: Regex<Substring> {
        /[0-9a-z]{1,11}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/
    }

    /// A typed id in the query.
    ///
    /// - Throws: a validation error if it is invalid; ignoring the filter would show more than requested.
    func queryID<Entity>(_ name: String, of type: ID<Entity>.Type) throws -> ID<Entity>? {
        guard let text = query(name) else { return nil }
        guard let id = ID<Entity>(text) else { throw AppError.invalid(name, "Must be a valid UUID.") }
        return id
    }

    /// The time range of `<name>After` and `<name>Before`.
    func span(_ name: String) throws -> TimeSpan {
        try TimeSpan(name, after: query(name + "After"), before: query(name + "Before"))
    }

    private func positive(_ name: String) throws -> Int? {
        guard let text = queryItems.value(name) else { return nil }
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            throw AppError.invalid(name, "Must be a positive integer.")
        }
        return number
    }

    /// `http://host:port` as seen by the client.
    func base(_ settings: WebSettings) -> String {
        settings.publicURL ?? "http://\(head.authority ?? "localhost")"
    }

    /// This request's URL with another query parameter.
    fileprivate func address(_ name: String, _ value: String, base: String) -> String {
        AdminAddress.address(base + uri.path, queryItems.replacing(name, value))
    }
}

/// A page of a list in the contract's format.
struct Paged<Item: Encodable>: Encodable {
    let count: Int?
    let next: String?
    let previous: String?
    let results: [Item]

    private enum CodingKeys: CodingKey {
        case count, next, previous, results
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(count, forKey: .count)
        try container.encode(next, forKey: .next)
        try container.encode(previous, forKey: .previous)
        try container.encode(results, forKey: .results)
    }
}

extension Paged: JSONWritable where Item: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            if let count { writer.field("count", count) }
            writer.field("next", next)
            writer.field("previous", previous)
            writer.key("results")
            writer.array(results)
        }
    }
}

/// A list in the contract's format: a plain array, or a page if requested.
enum Lists {
    static func response<Item: Encodable & Sendable>(
        _ page: Page<Item>, _ window: Window, _ request: Request, _ settings: WebSettings
    ) throws -> Response {
        try answer(page, window, request, settings).response
    }

    static func answer<Item: Encodable & Sendable>(
        _ page: Page<Item>, _ window: Window, _ request: Request, _ settings: WebSettings
    ) throws -> ListAnswer {
        let base = request.base(settings)
        let following = page.nextCursor.map { request.address("cursor", $0, base: base) }
        switch window {
        case .plain: return ListAnswer(body: try JSON.bytes(of: page.items), next: following)
        case .page(let number, _):
            let body = Paged(
                count: page.count,
                next: page.hasNext ? request.address("page", String(number + 1), base: base) : nil,
                previous: number > 1 ? request.address("page", String(number - 1), base: base) : nil,
                results: page.items)
            return ListAnswer(body: try JSON.bytes(of: body), next: nil)
        case .cursor:
            let body = Paged(count: nil, next: following, previous: nil, results: page.items)
            return ListAnswer(body: try JSON.bytes(of: body), next: nil)
        }
    }
}

/// A list's JSON, reusable for equal requests.
struct ListAnswer: Sendable {
    let body: ByteBuffer
    /// Where a truncated plain list continues.
    let next: String?

    var response: Response {
        var response = JSON.response(bytes: body)
        if let next { response.headers[.relations] = "<\(next)>; rel=\"next\"" }
        return response
    }
}
