import Features
import Foundation
import HTTPTypes
import Hummingbird

extension Request {
    /// A query parameter; an empty one counts as absent.
    func query(_ name: String) -> String? {
        uri.queryParameters.get(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Which part of a list the query asks for.
    func window() throws -> Window {
        let size = try positive("page_size") ?? 50
        guard size <= Window.pageLimit else {
            throw AppError.invalid("page_size", "A page has at most \(Window.pageLimit) rows.")
        }
        if let page = try positive("page") { return .page(number: page, size: size) }
        if let cursor = uri.queryParameters.get("cursor") {
            return .cursor(after: cursor.isEmpty ? nil : cursor, size: size)
        }
        return .plain(limit: Window.plainLimit)
    }

    private func positive(_ name: String) throws -> Int? {
        guard let text = query(name) else { return nil }
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            throw AppError.invalid(name, "This is a whole number from 1 on.")
        }
        return number
    }

    /// `http://host:port` as the client knows it.
    func base(_ settings: WebSettings) -> String {
        settings.publicURL ?? "http://\(head.authority ?? "localhost")"
    }

    /// This request's address with other query parameters.
    fileprivate func address(_ changes: [(String, String?)], base: String) -> String {
        var components = URLComponents(string: base + uri.path) ?? URLComponents()
        var items = uri.queryParameters.map { URLQueryItem(name: String($0.key), value: String($0.value)) }
        for (name, value) in changes {
            items.removeAll { $0.name == name }
            if let value { items.append(URLQueryItem(name: name, value: value)) }
        }
        components.queryItems = items
        return components.string ?? base
    }
}

/// A list as the contract has it: a plain array, or a page where one was asked for.
enum Lists {
    private struct Paged<Item: Encodable>: Encodable {
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

    static func response<Item: Encodable & Sendable>(
        _ page: Page<Item>, _ window: Window, _ request: Request, _ settings: WebSettings
    ) throws -> Response {
        let base = request.base(settings)
        switch window {
        case .plain:
            var response = try JSON.response(.ok, page.items)
            if let cursor = page.nextCursor {
                response.headers[.relations] = "<\(request.address([("cursor", cursor)], base: base))>; rel=\"next\""
            }
            return response
        case .page(let number, _):
            return try JSON.response(
                .ok,
                Paged(
                    count: page.count,
                    next: page.hasNext ? request.address([("page", String(number + 1))], base: base) : nil,
                    previous: number > 1 ? request.address([("page", String(number - 1))], base: base) : nil,
                    results: page.items))
        case .cursor:
            return try JSON.response(
                .ok,
                Paged(
                    count: nil, next: page.nextCursor.map { request.address([("cursor", $0)], base: base) },
                    previous: nil, results: page.items))
        }
    }
}
