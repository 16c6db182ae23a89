import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// JSON bodies: camelCase in responses, both spellings in requests.
enum JSON {
    /// The maximum size of a body without a file, in bytes.
    static let bodyLimit = 1 << 20

    static func response(_ status: HTTPResponse.Status = .ok, _ value: some Encodable) throws -> Response {
        response(status, bytes: try bytes(of: value))
    }

    static func response(_ status: HTTPResponse.Status = .ok, bytes: ByteBuffer) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: bytes))
    }

    static func bytes(of value: some Encodable) throws -> ByteBuffer {
        guard let writable = value as? any JSONWritable else { return ByteBuffer(bytes: try encoded(value)) }
        var writer = JSONWriter(capacity: 16_384)
        writable.write(to: &writer)
        return ByteBuffer(bytes: writer.bytes)
    }

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return try encoder.encode(value)
    }

    /// - Throws: a `BodyFault` if the body is invalid, which the route turns into a validation error.
    static func body<Value: Decodable & Sendable>(of request: Request, as type: Value.Type) async throws -> Value {
        var request = request
        let data = Data(try await request.collectedBody(upTo: bodyLimit).readableBytesView)
        return try await LongDecoding.run(bytes: data.count) { try decoded(data, as: type) }
    }

    private static func decoded<Value: Decodable>(_ data: Data, as type: Value.Type) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: data)
        } catch let error as DecodingError {
            throw BodyFault(body: data, error: error)
        }
    }
}

/// A message for the user.
struct Message: Encodable {
    let message: String
}
