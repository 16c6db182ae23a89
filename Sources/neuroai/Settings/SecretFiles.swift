import Foundation

/// Secrets that orchestrators mount as files: `SECRET_KEY_FILE=/run/secrets/secret-key` sets `SECRET_KEY` to the file's
/// content without its final newline. Only for settings that may be secret.
struct SecretFiles: Sendable {
    static let suffix = "_FILE"

    /// The content of the files, by setting.
    private(set) var values: [String: String] = [:]
    /// One sentence for each file that can't be used.
    private(set) var faults: [String] = []

    init(_ environment: [String: String]) {
        for name in Self.names {
            guard let path = environment[name + Self.suffix], !path.isEmpty else { continue }
            guard (environment[name] ?? "").isEmpty else {
                faults.append("\(name) and \(name)\(Self.suffix) are both set. Unset one of them.")
                continue
            }
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                faults.append("\(name)\(Self.suffix): the file can't be read.")
                continue
            }
            values[name] = text.trimmingCharacters(in: .newlines)
        }
    }

    /// Whether `name` is a variable that names a secret's file.
    static func isFile(_ name: String) -> Bool {
        name.hasSuffix(suffix) && names.contains(String(name.dropLast(suffix.count)))
    }

    private static let names = Set(SettingsCatalogue.all.filter { $0.secrecy != .open }.map(\.name))
}
