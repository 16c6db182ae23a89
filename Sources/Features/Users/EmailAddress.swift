import Foundation
import Kernel

extension String {
    /// The part of an address before the @.
    var localPart: String { String(prefix { $0 != "@" }) }
}

extension Validation {
    /// The address in lower case; ASCII only, so that both databases compare it alike.
    mutating func email(_ field: String, _ text: String?) -> String {
        let address = self.text(field, text, required: true, atMost: 254).lowercased()
        if address.isEmpty { return "" }
        let parts = address.split(separator: "@")
        let isShort = parts.first.map { $0.count <= 64 } ?? false
        guard isShort, address.range(of: EmailAddress.pattern, options: .regularExpression) != nil else {
            add(field, "Enter a valid email address.")
            return ""
        }
        return address
    }
}

/// The accepted addresses: RFC 5321 without quoted local parts and literal hosts.
package enum EmailAddress {
    private static let word = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    private static let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

    package static let pattern = "^\(word)(\\.\(word))*@\(label)(\\.\(label))+$"
}
