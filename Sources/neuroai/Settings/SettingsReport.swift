import Features
import Foundation
import Imaging

/// What `neuroai check` says: every setting with its value, where that comes from, and what is wrong.
struct SettingsReport: Encodable, Sendable {
    /// One setting.
    struct Row: Encodable, Sendable {
        let name: String
        let value: String
        let source: String
        let readBy: String
        /// What is wrong, in one sentence.
        let fault: String?
        /// What is worth knowing and not wrong.
        let note: String?
    }

    let settings: [Row]
    /// Lines of `.env` that say nothing, in a sentence each.
    let faults: [String]
    /// Names that no setting has.
    let unknown: [String]

    var isSound: Bool { faults.isEmpty && settings.allSatisfy { $0.fault == nil } }

    init(_ source: SettingsSource) {
        let values = source.values
        let deep = Self.findings(try? Settings(values))
        settings = SettingsCatalogue.all.map { setting in
            let text = values[setting.name].flatMap { $0.isEmpty ? nil : $0 }
            let isWaiting = setting.awaits != nil && text != nil
            return Row(
                name: setting.name, value: text.map(setting.shown) ?? setting.displayedDefault,
                source: source.place(of: setting.name).rawValue, readBy: setting.reader.rawValue,
                fault: text.flatMap(setting.fault) ?? deep.faults[setting.name],
                note: isWaiting ? setting.what : deep.notes[setting.name])
        }
        faults = source.unreadableLines.map { "Line \($0) of .env is no NAME=value." } + deep.others
        unknown = source.unknownNames.map(\.sentence)
    }

    /// Columns for people, and below them what is wrong.
    var text: String {
        let width = (settings.map(\.name.count).max() ?? 0) + 2
        let lines = settings.map { row in
            let name = row.name.padding(toLength: width, withPad: " ", startingAt: 0)
            return name + row.source.padding(toLength: 13, withPad: " ", startingAt: 0) + row.value
        }
        let notes = settings.compactMap { row in row.note.map { "note: \(row.name): \($0)" } }
        let wrong = settings.compactMap(\.fault) + faults
        let end = wrong.isEmpty ? ["Every setting can be used."] : wrong.map { "WRONG: \($0)" }
        return (lines + [""] + notes + unknown.map { "note: \($0)" } + end).joined(separator: "\n")
    }
}

// What only a look at the machine shows.
extension SettingsReport {
    private struct Findings {
        var faults: [String: String] = [:]
        var notes: [String: String] = [:]
        /// Faults of no one setting.
        var others: [String] = []

        /// Sentences name the variable that they are about first.
        mutating func add(_ error: any Error) {
            let sentence = (error as? SettingsError)?.description ?? "A key or a secret can't be used."
            let name = String(sentence.prefix { $0.isUppercase || $0.isNumber || $0 == "_" })
            if SettingsCatalogue.find(name) == nil { others.append(sentence) } else { faults[name] = sentence }
        }
    }

    /// - Parameter settings: nil where a value alone is wrong already.
    private static func findings(_ settings: Settings?) -> Findings {
        var found = Findings()
        guard let settings else { return found }
        found.faults["SEGMENTATION_MODEL_PATH"] = modelFault(settings)
        do {
            try settings.checkDevice()
        } catch {
            found.add(error)
        }
        do {
            // What settings say together, such as an algorithm and its key's file.
            let serving = try ServeSettings(settings)
            if serving.signIn.lacksCommonPasswords {
                found.notes["COMMON_PASSWORDS_PATH"] = "no list lies there; common passwords are not refused"
            }
            found.notes["METRICS_TOKEN"] = metricsNote(serving)
            found.notes["REGISTRATION"] = registrationNote(serving.signIn.accounts.registration, settings)
        } catch {
            found.add(error)
        }
        for (name, folder) in [
            ("MEDIA_ROOT", settings.mediaRoot), ("LOG_ROOT", URL(fileURLWithPath: settings["LOG_ROOT"] ?? "logs")),
        ] where folder.lastPathComponent != "-" && !canBeWritten(folder) {
            found.faults[name] = "\(name) names a folder that can't be written."
        }
        let atlas = settings.atlasPath.appendingPathComponent("ch2bet.nii.gz").path
        if !FileManager.default.fileExists(atPath: atlas) {
            found.notes["ATLAS_PATH"] = "no atlas lies there; no lobe is named"
        }
        return found
    }

    /// Without a token `/metrics` is judged by where a request seems to come from, which a proxy can hide.
    private static func metricsNote(_ serving: ServeSettings) -> String? {
        guard serving.web.metricsToken == nil else { return nil }
        if serving.web.publicURL != nil || !serving.web.trustedProxies.isEmpty {
            return "not set, and PUBLIC_URL or TRUSTED_PROXIES names a proxy; /metrics answers nobody until it is set"
        }
        let host = serving.host.lowercased()
        guard host != "localhost", NetworkAddress(host)?.isLoopback != true else { return nil }
        return "not set, and HOST is not loopback; set it so that no local proxy can open /metrics to others"
    }

    /// A warning where strangers can reach an open registration, else what holds where nothing is set.
    private static func registrationNote(_ mode: RegistrationMode, _ settings: Settings) -> String? {
        if mode == .open && !settings.listensOnLoopback {
            return
                "WARNING: HOST is not loopback, so anybody who reaches the server can register, also as a radiologist, and read and sign the cases of the default institution; set approval or closed"
        }
        return settings["REGISTRATION"] == nil ? "is \(mode.rawValue)" : nil
    }

    private static func modelFault(_ settings: Settings) -> String? {
        do {
            try settings.checkModelPath()
        } catch {
            return "\(error)"
        }
        let json = settings.modelPath.appendingPathComponent("model.json").path
        guard !FileManager.default.fileExists(atPath: json) else { return nil }
        return "SEGMENTATION_MODEL_PATH names no model package: there is no model.json."
    }

    /// A folder that is still to be made is judged by the one that it will lie in.
    private static func canBeWritten(_ folder: URL) -> Bool {
        var path = folder.standardizedFileURL.path
        while !FileManager.default.fileExists(atPath: path), path != "/" {
            path = URL(fileURLWithPath: path).deletingLastPathComponent().path
        }
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
            && access(path, W_OK | X_OK) == 0
    }
}

// The same catalogue as documents.
extension SettingsCatalogue {
    /// `.env.example`.
    static var example: String {
        let head = """
            # Every setting of NeuroAI with its default. Copy this file to .env, take the # away and write your value.
            # The environment wins over .env. `neuroai check` says what holds. Made by `neuroai check --example`.
            """
        let parts = sections.map { section in
            let lines = section.settings.map { "# \($0.what)\n#\($0.name)=\($0.defaultValue ?? "")" }
            return "\n## \(section.title)\n\n" + lines.joined(separator: "\n\n")
        }
        return ([head] + parts).joined(separator: "\n")
    }

    /// README's table.
    static var table: String {
        let rows = all.map { setting in
            let defaultValue = setting.defaultNote ?? setting.defaultValue.map { "`\($0)`" } ?? "–"
            return "| `\(setting.name)` | \(defaultValue) | \(setting.what) |"
        }
        return (["| name | default | what |", "| --- | --- | --- |"] + rows).joined(separator: "\n")
    }
}
