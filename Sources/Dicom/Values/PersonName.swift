/// A person's name (PS3.5 §6.2.1): up to three groups, each of up to five components.
package struct PersonName: Equatable, Sendable {
    package struct Group: Equatable, Sendable {
        package let family: String
        package let given: String
        package let middle: String
        package let prefix: String
        package let suffix: String

        init(_ text: Substring) {
            let parts = text.split(separator: "^", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
            family = parts.isEmpty ? "" : parts[0]
            given = parts.count > 1 ? parts[1] : ""
            middle = parts.count > 2 ? parts[2] : ""
            prefix = parts.count > 3 ? parts[3] : ""
            suffix = parts.count > 4 ? parts[4] : ""
        }
    }

    /// As stored, decoded.
    package let text: String
    package let alphabetic: Group
    package let ideographic: Group
    package let phonetic: Group

    package init(_ text: String) {
        self.text = text
        let groups = text.split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false)
        alphabetic = Group(groups.first ?? "")
        ideographic = Group(groups.count > 1 ? groups[1] : "")
        phonetic = Group(groups.count > 2 ? groups[2] : "")
    }
}
