import Features
import HTTPTypes
import Hummingbird

/// What a browser that is signed in keeps: both tokens, renewed while they are used, and what it is known by.
struct SessionCookies: Sendable {
    static let refresh = "neuroai_refresh"
    /// Tells earlier sign-ins by this browser; names nobody.
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

    /// Only sent where it is of use.
    func set(devices: String, on response: inout Response) {
        response.setCookie(cookie(Self.devices, devices, path: "/login", seconds: deviceSeconds))
    }

    /// Signed out.
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
