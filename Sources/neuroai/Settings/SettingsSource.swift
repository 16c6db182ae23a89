import Foundation

/// The sources of values: the environment, which takes precedence, and `.env` in the working directory.
struct SettingsSource: Sendable {
    /// The source of a value.
    enum Place: String, Sendable {
        case environment
        case file = ".env"
        case `default` = "default"
    }

    let environment: [String: String]
    let file: [String: String]
    /// Line numbers, from 1, of lines in `.env` that can't be parsed.
    let unreadableLines: [Int]
    /// Errors in variables such as `SECRET_KEY_FILE`, one sentence each.
    let secretFileFaults: [String]

    init(environment: [String: String], file text: String) {
        let secrets = SecretFiles(environment)
        self.environment = environment.merging(secrets.values) { $1 }
        secretFileFaults = secrets.faults
        (file, unreadableLines) = Self.parse(text)
    }

    /// The source of this process's settings.
    static func present() -> SettingsSource {
        SettingsSource(
            environment: ProcessInfo.processInfo.environment,
            file: (try? String(contentsOfFile: ".env", encoding: .utf8)) ?? "")
    }

    /// The environment takes precedence, even if a variable is empty: that unsets the value in the file.
    var values: [String: String] { file.merging(environment) { $1 } }

    func place(of name: String) -> Place {
        if let text = environment[name] { return text.isEmpty ? .default : .environment }
        return file[name]?.isEmpty == false ? .file : .default
    }

    /// Parses `NAME=value` lines. Lines that start with `#` are comments; `export` before a name and quotes around a
    /// value are ignored.
    private static func parse(_ text: String) -> (values: [String: String], unreadable: [Int]) {
        var values: [String: String] = [:]
        var unreadable: [Int] = []
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                unreadable.append(index + 1)
                continue
            }
            var name = parts[0].trimmingCharacters(in: .whitespaces)
            if name.hasPrefix("export ") { name = String(name.dropFirst(7)).trimmingCharacters(in: .whitespaces) }
            values[name] = unquoted(parts[1].trimmingCharacters(in: .whitespaces))
        }
        return (values, unreadable)
    }

    private static func unquoted(_ value: String) -> String {
        for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            return String(value.dropFirst().dropLast())
        }
        return value
    }
}

extension SettingsSource {
    /// An unknown setting, and the one that was probably meant.
    struct UnknownName: Sendable {
        let name: String
        let probably: String?

        var sentence: String {
            "\(name) is not a setting" + (probably.map { "; did you mean \($0)?" } ?? ".")
        }
    }

    /// Every unknown name in `.env`, and environment variables that look like misspelt settings.
    var unknownNames: [UnknownName] {
        let known = SettingsCatalogue.all.map(\.name)
        let ofFile = file.keys.filter { SettingsCatalogue.find($0) == nil }
            .map { UnknownName(name: $0, probably: Spelling.nearest(to: $0, among: known, within: 3)) }
        let ofEnvironment = environment.keys.filter {
            SettingsCatalogue.find($0) == nil && !SecretFiles.isFile($0) && file[$0] == nil && $0.count > 6
        }
        .compactMap { name in
            Spelling.nearest(to: name, among: known, within: 2).map { UnknownName(name: name, probably: $0) }
        }
        return (ofFile + ofEnvironment).sorted { $0.name < $1.name }
    }
}

/// Edit distances between words.
enum Spelling {
    /// The word with the smallest edit distance to `word`; `nil` if every distance exceeds `limit`.
    static func nearest(to word: String, among words: [String], within limit: Int) -> String? {
        let measured = words.map { (word: $0, distance: distance(word, $0)) }
        guard let best = measured.min(by: { $0.distance < $1.distance }), best.distance <= limit else { return nil }
        return best.word
    }

    /// The Levenshtein distance: insertions, deletions and substitutions.
    static func distance(_ first: String, _ second: String) -> Int {
        let second = Array(second.utf8)
        var row = Array(0...second.count)
        for (i, letter) in first.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<second.count {
                let changed = diagonal + (letter == second[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, min(row[j], row[j + 1]) + 1)
            }
        }
        return row[second.count]
    }
}
