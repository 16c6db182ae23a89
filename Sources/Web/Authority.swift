import Kernel

/// `host[:port]`, as in `Host` and in a request's target (RFC 9110 §7.2).
struct Authority: Equatable {
    /// In lower case; an IPv6 address in brackets and in canonical notation.
    let host: String
    let port: Int?

    /// `nil` if the text is not a host with an optional port.
    init?(_ text: some StringProtocol) {
        let text = text.lowercased()
        let end: String.Index
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]"),
                let address = NetworkAddress(text[text.index(after: text.startIndex)..<bracket]),
                !text[..<bracket].contains("%"), address.text.contains(":")
            else { return nil }
            host = "[\(address.text)]"
            end = text.index(after: bracket)
        } else {
            end = text.firstIndex(of: ":") ?? text.endIndex
            guard end > text.startIndex, text[..<end].utf8.allSatisfy(Self.isOfName) else { return nil }
            host = String(text[..<end])
        }
        let rest = text[end...]
        guard !rest.isEmpty else {
            port = nil
            return
        }
        guard rest.first == ":", let number = Self.port(rest.dropFirst()) else { return nil }
        port = number
    }

    /// A port number; `nil` if the text is invalid.
    static func port(_ text: some StringProtocol) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(text), number <= 65_535
        else { return nil }
        return number
    }

    /// Letters, digits and the separators of host names.
    private static func isOfName(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte) || [45, 46, 95].contains(byte)
    }
}
