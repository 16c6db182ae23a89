import Hummingbird

/// Who is at the other end: the connection's address or, behind proxies that the operator trusts, what these say of it.
struct ClientAddress: Sendable {
    /// Addresses of proxies.
    let trusted: Set<String>

    init(trusted: [String]) {
        self.trusted = Set(trusted.map(Self.plain))
    }

    /// The last address of `X-Forwarded-For` that no trusted proxy has: those before it are the client's own word.
    func of(connection: String?, forwarded: String?) -> String? {
        guard var address = connection.map(Self.plain) else { return nil }
        var hops = (forwarded ?? "").split(separator: ",").map { Self.plain(String($0)) }
        while trusted.contains(address), let hop = hops.popLast(), Self.isAddress(hop) { address = hop }
        return address
    }

    /// Without blanks, and an IPv4 address as such also where the socket is one of IPv6.
    private static func plain(_ text: String) -> String {
        let address = text.filter { $0 != " " && $0 != "\t" }.lowercased()
        return address.hasPrefix("::ffff:") && address.contains(".") ? String(address.dropFirst(7)) : address
    }

    private static func isAddress(_ text: String) -> Bool {
        (2...45).contains(text.utf8.count) && text.allSatisfy { $0.isHexDigit || $0 == "." || $0 == ":" }
    }
}
