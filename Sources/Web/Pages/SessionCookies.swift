import Features
import HTTPTypes
import Hummingbird

/// The cookies of a signed-in browser: both tokens, renewed while in use, and its known devices.
struct SessionCookies: Sendable {
    static let refresh = "neuroai_refresh"
    /// Identifies earlier sign-ins by this browser; contains no names.
    static let devices = "neuroai_device"

    private let isSecure: Bool
    private let accessSeconds: Int
    let refreshSeconds: Int
    private let deviceSeconds: Int

    init(_ sessions: SessionsService, _ settings: WebSettings) {
        isSecure = settings.isSecure
        accessSeconds = Int(sessions.lifetimes.accessLifetime.components.seconds)
        refreshSeconds = Int(sessions.lifetimes.refreshLifetime.components.seconds)
        deviceSeconds = Int(sessions.lifetimes.deviceLifetime.components.seconds)
    }

    func set(_ tokens: TokenPair, on response: inout Response) {
        response.setCookie(cookie(Authenticator.cookie, tokens.access, seconds: accessSeconds))
        response.setCookie(cookie(Self.refresh, tokens.refresh, seconds: refreshSeconds))
    }

    /// Sent only where it is needed.
    func set(devices: String, on response: inout Response) {
        response.setCookie(cookie(Self.devices, devices, path: "/login", seconds: deviceSeconds))
    }

    /// After sign-out.
    func clear(on response: inout Response) {
        for name in [Authenticator.cookie, Self.refresh, Authenticator.institutionCookie] {
            response.setCookie(cookie(name, "", seconds: 0))
        }
    }

    private func cookie(_ name: String, _ value: String, path: String = "/", seconds: Int) -> Cookie {
        Cookie(
            name: name, value: value, maxAge: seconds, path: path, secure: isSecure, httpOnly: true, sameSite: .strict)
    }
}
