import Foundation
import Kernel

/// The response to a request, replayed when it is repeated.
package struct StoredResponse: Codable, Sendable, Equatable {
    package let status: Int
    package let contentType: String?
    package let location: String?
    package let entityTag: String?
    package let body: Data

    package init(status: Int, contentType: String?, location: String?, entityTag: String?, body: Data) {
        self.status = status
        self.contentType = contentType
        self.location = location
        self.entityTag = entityTag
        self.body = body
    }
}

/// The objects with patient data in a response: a client that repeats the request must still have access to them.
package struct AnsweredObjects: Sendable, Equatable {
    package var cases: Set<CaseID> = []
    package var reports: Set<ID<Report>> = []

    /// The objects in the response itself.
    package init(_ answer: StoredResponse) throws {
        struct Names: Decodable {
            let caseId: String?
            let reportId: String?
        }
        guard answer.contentType?.hasPrefix("application/json") == true else { return }
        let names = try JSONDecoder().decode(Names.self, from: answer.body)
        cases = Set(names.caseId.flatMap { ID($0) }.map { [$0] } ?? [])
        reports = Set(names.reportId.flatMap { ID($0) }.map { [$0] } ?? [])
    }
}

/// A request that clients repeat with the same `Idempotency-Key`: its method, address and body.
package struct RepeatableRequest: Sendable {
    let key: String
    let content: Data

    /// - Parameter key: as sent by the client.
    package init(key: String, method: String, address: String, body: Data) throws {
        let plain =
            key.hasPrefix("\"") && key.hasSuffix("\"") && key.count > 2 ? String(key.dropFirst().dropLast()) : key
        guard (1...255).contains(plain.utf8.count), plain.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw AppError.invalid("Idempotency-Key", "Must have 1 to 255 visible ASCII characters.")
        }
        self.key = plain
        content = Data("\(method) \(address)\n".utf8) + body
    }
}
