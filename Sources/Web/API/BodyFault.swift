import Basics
import Foundation
import Kernel

/// A JSON body that could not be decoded: the decoder reports only the first error, the route's schema reports all.
struct BodyFault: Error {
    let body: Data
    let error: DecodingError

    /// - Parameter schema: the expected schema.
    func refusal(by schema: Schema?) -> AppError {
        guard !body.isEmpty else { return Self.whole("The body is empty. Send a JSON object.") }
        guard let value = try? JSONValue(reading: body) else { return fromDecoder }
        guard value.isA("object") else { return Self.whole("Send a JSON object.") }
        let faults = schema?.faults(in: value) ?? []
        guard !faults.isEmpty else { return fromDecoder }
        var check = Validation()
        for fault in faults { check.add(fault.field.isEmpty ? "non_field_errors" : fault.field, fault.message) }
        return check.error ?? fromDecoder
    }

    private static func whole(_ message: String) -> AppError { .invalid("non_field_errors", message) }

    /// If the schema finds no error: a number too large for any type, or a field missing from the schema.
    private var fromDecoder: AppError {
        let path =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            case .keyNotFound(let key, let context): context.codingPath + [key]
            @unknown default: [any CodingKey]()
            }
        guard let field = path.first?.stringValue else { return Self.whole("The body is not valid JSON.") }
        if case .keyNotFound = error { return AppError.invalid(field, "This field is required.") }
        return AppError.invalid(field, "Not a valid value.")
    }
}
