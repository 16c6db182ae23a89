import Foundation

/// An IPv4 or IPv6 address, regardless of notation; an IPv4-mapped IPv6 address equals its IPv4 address.
package struct NetworkAddress: Sendable, Hashable {
    /// Four or sixteen bytes.
    private let bytes: [UInt8]

    /// The prefix of an IPv4-mapped address (RFC 4291 §2.5.5.2).
    private static let mapping = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]

    /// `nil` if `text` is not an address; a zone (`%eth0`) is accepted and dropped.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard text.utf8.count <= 64, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = parts.first, parts.count == 1 || !parts[1].isEmpty else { return nil }
        var short = in_addr()
        var long = in6_addr()
        if parts.count == 1, inet_pton(AF_INET, address, &short) == 1 {
            bytes = withUnsafeBytes(of: short) { Array($0) }
        } else if inet_pton(AF_INET6, address, &long) == 1 {
            let all = withUnsafeBytes(of: long) { Array($0) }
            bytes = all.starts(with: Self.mapping) ? Array(all.suffix(4)) : all
        } else {
            return nil
        }
    }

    package var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes == Self.loopback }

    /// 32 or 128.
    var bitCount: Int { bytes.count * 8 }

    /// Whether all bits after the first `count` are 0.
    func hasZeros(afterBit count: Int) -> Bool {
        (count..<bitCount).allSatisfy { !isSet($0) }
    }

    /// Whether the first `count` bits equal those of `other`; addresses of the other protocol version have no common
    /// prefix.
    func hasSamePrefix(as other: NetworkAddress, bits count: Int) -> Bool {
        bytes.count == other.bytes.count && (0..<count).allSatisfy { isSet($0) == other.isSet($0) }
    }

    /// The bit at `index`, counted from the most significant one.
    private func isSet(_ index: Int) -> Bool { bytes[index / 8] & (0x80 >> UInt8(index % 8)) != 0 }

    private static let loopback = [UInt8](repeating: 0, count: 15) + [1]

    /// In the canonical notation of RFC 5952.
    package var text: String { Self.text(bytes) }

    /// The unit by which attempts are counted: for IPv6 the first half, since a subscriber owns the whole other half.
    package var network: String {
        bytes.count == 4 ? text : Self.text(bytes.prefix(8) + [UInt8](repeating: 0, count: 8)) + "/64"
    }

    private static func text(_ bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let length = socklen_t(buffer.count)
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &buffer, length) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
