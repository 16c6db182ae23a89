import Kernel

/// Which passwords are taken: long enough, not a common one, not what stands beside it in the form. How they are composed
/// is the user's affair.
package struct PasswordRules: Sendable {
    /// Characters of the longest one.
    package static let longest = 128

    /// The existing client's rule: no operator asks for less.
    package static let least = 8

    /// Characters of the shortest one.
    package let shortest: Int
    let common: CommonPasswords

    package init(shortest: Int = Self.least, common: CommonPasswords = .none) {
        self.shortest = shortest
        self.common = common
    }

    /// What is wrong with `password` for somebody of these names; nil where nothing is.
    func fault(of password: String, names: [String]) -> String? {
        // Bounded before it is normalised, which takes time.
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
    /// `aaaaaaaa`, `12345678`, `hgfedcba`: each character follows the one before by the same small step.
    fileprivate var isRunOfOne: Bool {
        let values = unicodeScalars.map { Int($0.value) }
        guard let first = values.first, values.count > 1 else { return true }
        let step = values[1] - first
        guard abs(step) <= 1 else { return false }
        // Nine is followed by nought on the keyboard.
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
