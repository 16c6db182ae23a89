import Logging
import Storage

/// Formats each event as one line: the message followed by `key=value` pairs, or a JSON object. Control characters in
/// values are escaped, so that an event is always one line.
///
/// Events with `outage` metadata are limited to one per minute for each message and outage; the next one written has
/// the number of `omitted` events.
struct LineLogHandler: LogHandler {
    enum Format: Sendable {
        case text, json
    }

    let label: String
    let format: Format
    let writer: LogWriter
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level = .info

    init(
        label: String, format: Format, writer: LogWriter, metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.label = label
        self.format = format
        self.writer = writer
        self.metadataProvider = metadataProvider
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let metadataProvider { all.merge(metadataProvider.get()) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let outage = all["outage"] {
            guard case .write(let omitted) = writer.judge("\(label) \(event.message) \(outage)") else { return }
            if omitted > 0 { all["omitted"] = "\(omitted)" }
        }
        let facts = all.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
        let time = Timestamp.now.description
        let line =
            switch format {
            case .text: Self.text(time, event, label, facts)
            case .json: Self.json(time, event, label, facts)
            }
        writer.write(line, isUrgent: event.level >= .warning)
    }

    private typealias Facts = [(key: String, value: String)]

    private static func text(_ time: String, _ event: LogEvent, _ label: String, _ facts: Facts) -> String {
        var line = "\(time) \(event.level.rawValue) \(label): \(visible(event.message.description))"
        for (key, value) in facts {
            line += " \(key)="
            line +=
                value.utf8.allSatisfy({ $0 > 32 && $0 != 34 && $0 != 127 }) && !value.isEmpty ? value : quoted(value)
        }
        return line + "\n"
    }

    private static func json(_ time: String, _ event: LogEvent, _ label: String, _ facts: Facts) -> String {
        var line = "{\"time\":\"\(time)\",\"level\":\"\(event.level.rawValue)\",\"label\":\(quoted(label))"
        line += ",\"message\":\(quoted(event.message.description))"
        for (key, value) in facts { line += ",\(quoted(Self.names.contains(key) ? key + "_" : key)):\(quoted(value))" }
        return line + "}\n"
    }

    /// Reserved for the handler's own fields.
    private static let names: Set<String> = ["time", "level", "label", "message"]

    private static func visible(_ text: String) -> String {
        text.utf8.contains { $0 < 32 } ? quoted(text) : text
    }

    /// A JSON string (RFC 8259 §7).
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
