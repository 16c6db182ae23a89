import Basics
import Foundation
import Kernel
import Storage

// Failed sign-ins from a browser or a network address that the user has signed in from before are counted separately,
// so that others cannot lock a user out with wrong passwords (OWASP's device cookies; docs/decisions/0431).

extension SessionsService {
    /// The attempts that a sign-in to the account of this address counts as.
    ///
    /// - Parameter user: the account's user; `nil` if there is none, which takes as long.
    func signInAttempts(
        on email: String, of user: UserID?, devices: String?, origin: RequestOrigin
    ) async throws -> [Attempt] {
        let rule = settings.throttling.account
        if let user, let device = device(of: user, among: devices) {
            // Not by address either: a colleague's typos behind the same proxy must not count.
            return [Attempt(rule: rule, name: "device \(device)")]
        }
        let everybodys = attempts(on: email, origin: origin)
        guard let address = origin.address.map({ networkName($0) }) else { return everybodys }
        let owner = user ?? UserID()
        let digests = signer.box.digests(Self.knownText(address, of: owner))
        guard try await database.read({ try KnownAddressStore($0).contains(digests, of: owner) }) else {
            return everybodys
        }
        return [Attempt(rule: rule, name: "known \(owner) \(address)")] + everybodys.dropFirst()
    }

    /// Records the origin of a sign-in, in its transaction.
    func remember(
        _ origin: RequestOrigin, of user: UserID, at now: Timestamp, on connection: any DatabaseConnection
    ) throws {
        guard let address = origin.address.map({ networkName($0) }) else { return }
        try KnownAddressStore(connection).insert(
            signer.box.digest(Self.knownText(address, of: user)), of: user, at: now)
    }

    private func networkName(_ address: String) -> String {
        Attempt(rule: settings.throttling.address, address: address).name
    }

    private static func knownText(_ address: String, of user: UserID) -> String { "address \(user) \(address)" }

    // MARK: Devices

    /// The number of remembered users per browser.
    private static let devicesOfBrowser = 8

    /// The browser's cookie after `user` has signed in, including its other users. It names no one, and only gives its
    /// holder a separate count of failed sign-ins.
    package func deviceCookie(for user: UserID, keeping devices: String?) -> String {
        let nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal
        let text = "\(nonce).\(Int64(clock().advanced(by: settings.deviceLifetime).seconds))"
        let fresh = "\(text).\(signer.box.digest(Self.deviceText(text, of: user)))"
        let others = Self.parts(devices).filter { device(of: user, in: $0) == nil }
        return ([fresh] + others.prefix(Self.devicesOfBrowser - 1)).joined(separator: "~")
    }

    /// The browser's device name, if `user` has signed in with it.
    private func device(of user: UserID, among devices: String?) -> String? {
        Self.parts(devices).lazy.compactMap { device(of: user, in: $0) }.first
    }

    private func device(of user: UserID, in part: String) -> String? {
        let fields = part.split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count == 3, let expiry = Double(fields[1]), clock().seconds < expiry else { return nil }
        let text = "\(fields[0]).\(fields[1])"
        return signer.box.isValid(String(fields[2]), of: Self.deviceText(text, of: user)) ? String(fields[0]) : nil
    }

    private static func parts(_ devices: String?) -> [String] {
        guard let devices, devices.utf8.count <= 2048 else { return [] }
        return devices.split(separator: "~").prefix(devicesOfBrowser).map(String.init)
    }

    private static func deviceText(_ text: String, of user: UserID) -> String { "device \(user) \(text)" }
}
