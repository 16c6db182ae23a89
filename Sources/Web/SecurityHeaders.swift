import HTTPTypes
import Hummingbird
import Kernel

/// Security headers on every response; a route may set more specific ones.
struct SecurityHeaders: Sendable {
    private let always: [HTTPField]
    /// Routes may set these themselves.
    private let defaults: [HTTPField]

    init(_ settings: WebSettings) {
        // A redirect to a signed URL is checked as well.
        let storage = settings.storageOrigin.map { " \($0)" } ?? ""
        var values: [(String, String)] = [
            ("X-Content-Type-Options", "nosniff"),
            // Not `no-referrer`: with it browsers send `Origin: null` from our own forms.
            ("Referrer-Policy", "same-origin"),
            (
                "Content-Security-Policy",
                "default-src 'self'; img-src 'self' data:\(storage); connect-src 'self'\(storage); object-src 'none'; base-uri 'none'; "
                    + "frame-ancestors 'none'; form-action 'self'"
            ),
            ("X-Frame-Options", "DENY"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]
        if settings.isSecure { values.append(("Strict-Transport-Security", "max-age=31536000")) }
        always = values.compactMap { name, value in HTTPField.Name(name).map { HTTPField(name: $0, value: value) } }
        defaults = [
            HTTPField(name: .resourcePolicy, value: "same-origin"), HTTPField(name: .cacheControl, value: "no-store"),
        ]
    }

    func add(to response: inout Response) {
        for field in always { response.headers.append(field) }
        for field in defaults where response.headers[field.name] == nil { response.headers.append(field) }
        // For every response: whether it is readable by another origin depends on the request's origin, and caches must
        // know.
        let varying = response.headers[values: .vary].flatMap { $0.split(separator: ",") }
        if !varying.contains(where: { String($0).trimmed.lowercased() == "origin" }) {
            response.headers.append(HTTPField(name: .vary, value: "Origin"))
        }
    }
}

extension HTTPField.Name {
    static let resourcePolicy = HTTPField.Name("Cross-Origin-Resource-Policy").unsafelyUnwrapped
}
