import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import Logging

/// Errors in the contract's format: a map of fields for 400, otherwise one sentence with a stable code; or, if the
/// client accepts them, RFC 9457 problem details.
enum ErrorResponse {
    static let problemType = "application/problem+json"

    private struct Failure: Encodable {
        let error: String
        let code: String
    }

    /// RFC 9457; the type is the status itself, so the title is its reason phrase.
    private struct Problem: Encodable {
        let type = "about:blank"
        let title: String
        let status: Int
        let detail: String
        let code: String
        let errors: [String: [String]]?
    }

    /// An error, independent of its format.
    private struct Account {
        let status: HTTPResponse.Status
        let sentence: String
        let code: String
        var fields: [String: [String]]?
        var headers = HTTPFields()
    }

    static func make(_ error: any Error, _ context: WebContext) -> Response {
        let account = account(of: error, context)
        var response = context.wantsProblems ? problem(account) : plain(account)
        response.headers.append(contentsOf: account.headers)
        return response
    }

    private static func account(of error: any Error, _ context: WebContext) -> Account {
        if let error = error as? HTTPError { return account(of: error) }
        if let error = error as? MethodRefusal {
            return Account(
                status: .methodNotAllowed, sentence: "Method not allowed. Allowed: \(error.names).",
                code: "method_not_allowed", headers: [.allow: error.names])
        }
        if error is SocketHandshake.UpgradeRequired {
            return Account(
                status: .upgradeRequired, sentence: "Connect with a WebSocket client of version 13.",
                code: "upgrade_required",
                headers: [
                    .upgrade: "websocket", .connection: "Upgrade", .socketVersion: SocketHandshake.version,
                ])
        }
        let known = AppError.wrapping(error)
        log(error, known, context)
        let status = status(of: known.code)
        let fields = known.fields.isEmpty ? ["non_field_errors": [known.message]] : known.fields
        var headers: HTTPFields = status == .unauthorized ? [.wwwAuthenticate: "Bearer"] : [:]
        if let seconds = known.retryAfter { headers[.retryAfter] = String(seconds) }
        return Account(
            status: status, sentence: known.message, code: known.code.rawValue,
            fields: known.code == .validation ? fields : nil, headers: headers)
    }

    /// Logs internal errors as errors, an outage only once a minute since it affects every request, and client errors
    /// at debug level.
    private static func log(_ error: any Error, _ known: AppError, _ context: WebContext) {
        let isOurs = known.code == .internalFault || known.code == .unavailable
        let level: Logger.Level = isOurs && !(known.cause is CancellationError) ? .error : .debug
        guard level == .error || known.cause != nil else { return }
        let cause = level == .error && known.code == .unavailable ? "outage" : "cause"
        context.logger.log(
            level: level, level == .error ? "request failed" : "request refused",
            metadata: ["id": "\(context.requestID)", "error": "\(known)", cause: "\(AppError.cause(of: error))"])
    }

    /// Errors of the framework itself.
    private static func account(of error: HTTPError) -> Account {
        switch error.status {
        case .badRequest:
            Account(
                status: .badRequest, sentence: "Malformed request.",
                code: AppError.Code.validation.rawValue,
                fields: ["non_field_errors": ["Malformed request."]])
        case .notFound:
            Account(
                status: .notFound, sentence: "Not found.",
                code: AppError.Code.notFound.rawValue)
        case .contentTooLarge:
            Account(
                status: .contentTooLarge, sentence: "The request is too large.", code: AppError.Code.tooLarge.rawValue)
        default:
            Account(
                status: error.status, sentence: error.body ?? "Request rejected.",
                code: "http_\(error.status.code)")
        }
    }

    /// The mapping from codes to statuses.
    static func status(of code: AppError.Code) -> HTTPResponse.Status {
        switch code {
        case .validation: .badRequest
        case .unauthenticated, .codeRequired: .unauthorized
        case .forbidden, .secondFactorRequired, .approvalPending: .forbidden
        case .notFound: .notFound
        case .conflict, .caseSigned: .conflict
        case .preconditionFailed: .preconditionFailed
        case .keyReused: .unprocessableContent
        case .locked: .init(code: 423, reasonPhrase: "Locked")
        // Defined by the tus protocol.
        case .checksumMismatch: .init(code: 460, reasonPhrase: "Checksum Mismatch")
        // Not 507: clients automatically retry after server errors.
        case .tooLarge, .quotaExceeded: .contentTooLarge
        case .tooManyRequests: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .internalFault: .internalServerError
        }
    }

    private static func plain(_ account: Account) -> Response {
        if let fields = account.fields { return response(account.status, fields) }
        return response(account.status, Failure(error: account.sentence, code: account.code))
    }

    private static func problem(_ account: Account) -> Response {
        var response = response(
            account.status,
            Problem(
                title: account.status.reasonPhrase, status: account.status.code, detail: account.sentence,
                code: account.code, errors: account.fields))
        response.headers[.contentType] = problemType
        return response
    }

    private static func response(_ status: HTTPResponse.Status, _ body: some Encodable) -> Response {
        (try? JSON.response(status, body)) ?? Response(status: .internalServerError)
    }
}
