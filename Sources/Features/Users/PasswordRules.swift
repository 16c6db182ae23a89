import Kernel

/// The accepted passwords: long enough, not common, and not another value of the form. There are no composition rules.
package struct PasswordRules: Sendable {
    /// The maximum length in characters.
    package static let longest = 128

    /// The existing client's minimum, which settings cannot lower.
    package static let minimumLength = 8

    /// The minimum length in characters.
    package let shortest: Int
    let common: CommonPasswords

    package init(shortest: Int = Self.minimumLength, common: CommonPasswords = .none) {
        self.shortest = shortest
        self.common = common
    }

    /// The error of `password` for a user with these names; `nil` if it is valid.
    func fault(of password: String, names: [String]) -> String? {
        // Limited before normalisation, which takes time.
        let normalised = password.utf8.count <= Self.longest * 16 ? password.normalisedPassword : ""
        guard (shortest...Self.longest).contains(normalised.unicodeScalars.count) else {
            return "The password must have \(shortest) to \(Self.longest) characters."
        }
        let plain = normalised.lowercased()
        let forbidden = names.map { $0.trimmed.normalisedPassword.lowercased() }.filter { $0.count >= 3 }
        if forbidden.contains(plain) { return "The password is too similar to the email address or name." }
        if plain.isRunOfOne || common.contains(plain) { return "This password is too common." }
        return nil
    }
}

extension String {
    /// `aaaaaaaa`, `12345678`, `hgfedcba`: each character follows the previous one by the same small step.
    fileprivate var isRunOfOne: Bool {
        let values = unicodeScalars.map { Int($0.value) }
        guard let first = values.first, values.count > 1 else { return true }
        let step = values[1] - first
        guard abs(step) <= 1 else { return false }
        // Zero follows nine on the keyboard.
        return zip(values, values.dropFirst()).allSatisfy { $1 - $0 == step || ($0 == 57 && $1 == 48 && step == 1) }
    }
}

extension Validation {
    mutating func password(_ field: String, _ text: String?, _ rules: PasswordRules, names: [String]) -> String {
        guard let text, !text.isEmpty else {
            add(field, "This field is required.")
            return ""
        }
        if let fault = rules.fault(of: text, names: names) { add(field, fault) }
        return text
    }
}
