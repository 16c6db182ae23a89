import Features
import Foundation
import HTTPTypes
import Hummingbird

/// Failures as the HTTP contract has them: a map of fields for 400, else one sentence with a stable code.
enum ErrorResponse {
    private struct Failure: Encodable {
        let error: String
        let code: String
    }

    static func make(_ error: any Error, _ context: WebContext) -> Response {
        if let error = error as? HTTPError { return make(error) }
        let known = AppError.wrapping(error)
        if known.code == .internalFault || known.code == .unavailable {
            context.logger.error(
                "request failed",
                metadata: ["id": "\(context.requestID)", "error": "\(known)", "cause": "\(AppError.cause(of: error))"])
        }
        guard known.code != .validation else {
            let fields = known.fields.isEmpty ? ["non_field_errors": [known.message]] : known.fields
            return response(.badRequest, fields)
        }
        return response(status(of: known.code), Failure(error: known.message, code: known.code.rawValue))
    }

    /// What the framework itself refuses.
    private static func make(_ error: HTTPError) -> Response {
        switch error.status {
        case .notFound:
            response(
                .notFound, Failure(error: "There is nothing at this address.", code: AppError.Code.notFound.rawValue))
        case .contentTooLarge:
            response(
                .contentTooLarge, Failure(error: "The request is too large.", code: AppError.Code.tooLarge.rawValue))
        default:
            response(
                error.status,
                Failure(error: error.body ?? "The request was refused.", code: "http_\(error.status.code)"))
        }
    }

    /// The one table from codes to statuses.
    private static func status(of code: AppError.Code) -> HTTPResponse.Status {
        switch code {
        case .validation: .badRequest
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .tooManyRequests: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .internalFault: .internalServerError
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ body: some Encodable) -> Response {
        (try? JSON.response(status, body)) ?? Response(status: .internalServerError)
    }
}
