/// The addresses with a common prefix, in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3): `10.42.0.0/16`, `fd00::/8`. An
/// address without a length is a range of one.
package struct NetworkRange: Sendable, Hashable {
    private let first: NetworkAddress
    /// In bits.
    private let prefixLength: Int

    /// `nil` if `text` is not an address or network, or if bits after the prefix are set: `10.42.0.7/16` may be meant as
    /// the address or as the network.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let address = NetworkAddress(name) else { return nil }
        first = address
        guard parts.count == 2 else {
            prefixLength = address.bitCount
            return
        }
        // IPv4-mapped addresses (RFC 4291 §2.5.5.2) are IPv4 addresses with 96 more bits.
        let mapped = address.bitCount == 32 && name.contains(":") ? 96 : 0
        guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1]),
            (mapped...(mapped + address.bitCount)).contains(length), address.hasZeros(afterBit: length - mapped)
        else { return nil }
        prefixLength = length - mapped
    }

    package func contains(_ address: NetworkAddress) -> Bool { first.hasSamePrefix(as: address, bits: prefixLength) }
}
