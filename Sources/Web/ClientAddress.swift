import Kernel

/// The client's address: the connection's or, behind trusted proxies, the one that they forward.
struct ClientAddress: Sendable {
    /// Addresses and networks of proxies.
    private let trusted: [NetworkRange]

    init(trusted: [String]) {
        self.trusted = trusted.compactMap { NetworkRange($0.trimmed) }
    }

    /// The last address in `X-Forwarded-For` that is not a trusted proxy's: earlier ones are unverified. Invalid
    /// addresses are ignored in favour of the proxy that forwarded them.
    func of(connection: String?, forwarded: String?) -> String? {
        guard let connection else { return nil }
        guard var address = NetworkAddress(connection) else { return connection }
        var hops = (forwarded ?? "").split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        while trusted.contains(where: { $0.contains(address) }), let hop = hops.popLast(),
            let next = NetworkAddress(hop: hop)
        {
            address = next
        }
        return address.text
    }
}

extension NetworkAddress {
    /// An address as forwarded by proxies: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`,
    /// `[2001:db8::1]:4711`.
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
