import Foundation

/// Jobs' parameters as JSON text with sorted keys.
enum JobParameters {
    static func encode(_ parameters: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(parameters), as: UTF8.self)
    }

    static func decode<Parameters: Decodable>(_ text: String) throws -> Parameters {
        do {
            return try JSONDecoder().decode(Parameters.self, from: Data(text.utf8))
        } catch {
            throw JobFailure(.permanent, "The job's parameters can't be read by this version of NeuroAI.")
        }
    }
}
