import Basics
import Foundation

/// The envelope that kombu's virtual transports put around a body
/// (https://github.com/celery/kombu/blob/main/kombu/transport/virtual/base.py, `prepare_message` and `Message`).
struct KombuMessage: Sendable, Equatable {
    var body: [UInt8]
    var contentType: String
    var headers: [String: JSONValue]
    var properties: [String: JSONValue]

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    init(body: JSONValue, headers: [String: JSONValue], properties: [String: JSONValue]) {
        self.body = body.bytes
        contentType = "application/json"
        self.headers = headers
        self.properties = properties
    }

    /// - Throws: `Malformed` or `JSONValue.SyntaxError`.
    init(reading bytes: some Sequence<UInt8>) throws {
        try self.init(JSONValue(reading: bytes))
    }

    /// - Throws: `Malformed`.
    init(_ envelope: JSONValue) throws {
        guard let properties = envelope["properties"]?.asObject else {
            throw Malformed(description: "the envelope has no properties")
        }
        self.properties = properties
        headers = envelope["headers"]?.asObject ?? [:]
        contentType = envelope["content-type"]?.asText ?? "application/json"
        let text = envelope["body"]?.asText ?? ""
        if properties["body_encoding"]?.asText?.lowercased() == "base64" {
            guard let data = Data(base64Encoded: text) else { throw Malformed(description: "the body is not base64") }
            body = Array(data)
        } else {
            body = Array(text.utf8)
        }
    }

    /// - Throws: `Malformed` for any serializer but JSON, or `JSONValue.SyntaxError`.
    func decodedBody() throws -> JSONValue {
        guard contentType == "application/json" else {
            throw Malformed(description: "content type \(contentType) is refused; only application/json is accepted")
        }
        return try JSONValue(reading: body)
    }

    /// The envelope on its way to a queue or channel.
    ///
    /// - Parameters:
    ///   - exchange: empty for the queue that `routingKey` names.
    func envelope(exchange: String, routingKey: String) -> JSONValue {
        var properties = properties
        properties["delivery_info"] = ["exchange": .text(exchange), "routing_key": .text(routingKey)]
        properties["body_encoding"] = "base64"
        properties["delivery_tag"] = .text(UniqueID.make())
        if properties["priority"] == nil { properties["priority"] = 0 }
        return [
            "body": .text(Data(body).base64EncodedString()), "content-encoding": "utf-8",
            "content-type": .text(contentType), "headers": .object(headers), "properties": .object(properties),
        ]
    }

    var deliveryTag: String? { properties["delivery_tag"]?.asText }
}
