import Kernel

/// Who is at the other end: the connection's address or, behind proxies that the operator trusts, what these say of it.
struct ClientAddress: Sendable {
    /// Addresses of proxies.
    private let trusted: Set<NetworkAddress>

    init(trusted: [String]) {
        self.trusted = Set(trusted.compactMap { NetworkAddress($0.trimmed) })
    }

    /// The last address of `X-Forwarded-For` that no trusted proxy has: those before it are the client's own word. What is no
    /// address stands for nobody; the proxy that passed it on answers for it.
    func of(connection: String?, forwarded: String?) -> String? {
        guard let connection else { return nil }
        guard var address = NetworkAddress(connection) else { return connection }
        var hops = (forwarded ?? "").split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        while trusted.contains(address), let hop = hops.popLast(), let next = NetworkAddress(hop: hop) {
            address = next
        }
        return address.text
    }
}

extension NetworkAddress {
    /// An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
    init?(hop: String) {
        var address = hop[...]
        var port = ""[...]
        if hop.hasPrefix("[") {
            guard let bracket = hop.firstIndex(of: "]"), hop[..<bracket].contains(":") else { return nil }
            address = hop[hop.index(after: hop.startIndex)..<bracket]
            port = hop[hop.index(after: bracket)...]
        } else if let colon = hop.firstIndex(of: ":"), hop.lastIndex(of: ":") == colon {
            address = hop[..<colon]
            port = hop[colon...]
        }
        guard port.isEmpty || (port.first == ":" && Authority.port(port.dropFirst()) != nil) else { return nil }
        self.init(address)
    }
}
