import Foundation

/// Passwords that attackers try first, from a list with one word per line. Only hashes of the words are kept: half a
/// megabyte for the fifty thousand of Debian's `cracklib-runtime`.
package struct CommonPasswords: Sendable {
    /// Where Debian's `cracklib-runtime` installs its list.
    package static let debian = "/usr/share/dict/cracklib-small"
    /// An empty list.
    package static let none = CommonPasswords(words: [String]())
    /// Shorter stems would reject uncommon passwords.
    private static let shortestStem = 4

    /// Ascending.
    private let hashes: [UInt64]

    package init(words: [some StringProtocol]) {
        self.init(lines: words.map { Array($0.utf8) })
    }

    /// A list in UTF-8; only ASCII capitals are lowered. It is read byte by byte, since the server waits for it at
    /// every start.
    ///
    /// - Throws: if the file cannot be read.
    package init(path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        self.init(lines: bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
    }

    private init(lines: [some Collection<UInt8>]) {
        hashes = lines.lazy.filter { $0.count >= Self.shortestStem }
            .map { line in Self.hash(line.lazy.map { (65...90).contains($0) ? $0 + 32 : $0 }) }.sorted()
    }

    package var count: Int { hashes.count }

    /// Whether `plain`, in lower case, is on the list, including with digits and signs before or after it:
    /// `password123!`.
    func contains(_ plain: String) -> Bool {
        let stem = plain.drop { !$0.isLetter }.reversed().drop { !$0.isLetter }.reversed()
        let candidates = [plain, String(stem)].filter { $0.utf8.count >= Self.shortestStem }
        return candidates.contains { isListed(Self.hash($0.utf8)) }
    }

    private func isListed(_ hash: UInt64) -> Bool {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < hashes.count && hashes[low] == hash
    }

    /// FNV-1a: the same at every start, unlike Swift's hashes; a collision would reject one password in 10^14.
    private static func hash(_ word: some Sequence<UInt8>) -> UInt64 {
        word.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
