import Kernel

/// One setting: its name, purpose, default and valid values.
struct Setting: Sendable {
    /// The type of a value.
    enum Kind: Sendable {
        case text
        case integer(ClosedRange<Int>)
        /// A number of bytes, optionally with a unit.
        case bytes(ClosedRange<Int64>)
        /// A Boolean, with Django's spellings.
        case flag
        case choice([String])
        /// Comma-separated names.
        case list
        /// Validated by a function whose error names the variable.
        case judged(by: @Sendable (String) throws -> Void)
    }

    /// How much of a value may be displayed.
    enum Secrecy: Sendable {
        case open
        /// A URL that may contain a password.
        case password
        case secret
    }

    /// Which commands read it.
    enum Reader: String, Sendable, CaseIterable {
        case all = "every command"
        case server = "serve"
        case worker = "worker, segment, evaluate, models, test"
        case serverAndWorker = "serve, worker"
        case command = "one command"
        case nobody = "none yet"
    }

    let name: String
    let kind: Kind
    /// The value if not set; `nil` if there is none or if it depends on other settings.
    let defaultValue: String?
    /// Describes the default for readers if `defaultValue` does not.
    let defaultNote: String?
    /// The default of an installed program, relative to `share/neuroai`; `nil` means `defaultValue`.
    let installedDefault: String?
    /// The description, in Markdown.
    let what: String
    let secrecy: Secrecy
    let reader: Reader
    /// Why a setting of the original has no effect yet.
    let awaits: String?

    init(
        _ name: String, _ kind: Kind, default defaultValue: String?, installed: String? = nil, note: String? = nil,
        secrecy: Secrecy = .open, reader: Reader = .server, _ what: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        installedDefault = installed
        defaultNote = note
        self.what = what
        self.secrecy = secrecy
        self.reader = reader
        awaits = nil
    }

    /// A setting of the original that is accepted but has no effect.
    init(_ name: String, awaiting awaits: String, secrecy: Secrecy = .open) {
        self.name = name
        kind = .text
        defaultValue = nil
        installedDefault = nil
        defaultNote = "–"
        what = "No effect yet: \(awaits)"
        self.secrecy = secrecy
        reader = .nobody
        self.awaits = awaits
    }

    private static let yes: Set<String> = ["true", "1", "yes", "on"]
    private static let no: Set<String> = ["false", "0", "no", "off"]

    /// Returns `nil` if `text` is not a Boolean.
    static func flag(_ text: String) -> Bool? {
        let word = text.lowercased()
        return yes.contains(word) ? true : no.contains(word) ? false : nil
    }

    /// The error for an invalid value, in one sentence that names the variable but does not repeat the value.
    func fault(in text: String) -> String? {
        switch kind {
        case .text, .list: return nil
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else {
                return "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)."
            }
            return nil
        case .bytes(let range):
            guard let count = ByteCount(text)?.bytes, range.contains(count) else {
                return
                    "\(name) must be \(range.lowerBound) to \(range.upperBound) bytes, or a number with a unit (20 GiB)."
            }
            return nil
        case .flag: return Self.flag(text) == nil ? "\(name) must be true or false." : nil
        case .choice(let words):
            // Log levels may be in upper case.
            return words.contains(text.lowercased()) ? nil : "\(name) must be one of \(words.joined(separator: ", "))."
        case .judged(let judge):
            do {
                try judge(text)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    /// The value for display, with secrets redacted.
    func shown(_ text: String) -> String {
        switch secrecy {
        case .open: return text
        case .secret: return "(set, not shown)"
        case .password:
            // user:password@host, and libpq's parameters
            return text.replacing(/:\/\/([^:@\/]*):[^@]*@/) { "://\($0.1):(not shown)@" }
                .replacing(/([?&](?:ssl)?password=)[^&]*/) { "\($0.1)(not shown)" }
        }
    }

    /// The default of this program; `nil` if there is none or if it depends on other settings.
    var effectiveDefault: String? { installedDefault.flatMap(InstalledFiles.path) ?? defaultValue }

    /// The default for display.
    var displayedDefault: String { defaultNote ?? effectiveDefault ?? "–" }
}
