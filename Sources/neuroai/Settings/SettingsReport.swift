import Features
import Foundation
import Imaging
import Kernel

/// The output of `neuroai check`: every setting with its value, source and errors.
struct SettingsReport: Encodable, Sendable {
    /// One setting.
    struct Row: Encodable, Sendable {
        let name: String
        let value: String
        let source: String
        let readBy: String
        /// The error, in one sentence.
        let fault: String?
        /// A hint that is not an error.
        let note: String?
    }

    let settings: [Row]
    /// Unreadable lines of `.env`, one sentence each.
    let faults: [String]
    /// Unknown names.
    let unknown: [String]

    var isValid: Bool { faults.isEmpty && settings.allSatisfy { $0.fault == nil } }

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
        faults =
            source.secretFileFaults + source.unreadableLines.map { "Line \($0) of .env is not NAME=value." }
            + deep.others
        unknown = source.unknownNames.map(\.sentence)
    }

    /// A table for people, followed by hints and errors.
    var text: String {
        let width = (settings.map(\.name.count).max() ?? 0) + 2
        let lines = settings.map { row in
            let name = row.name.padding(toLength: width, withPad: " ", startingAt: 0)
            return name + row.source.padding(toLength: 13, withPad: " ", startingAt: 0) + row.value
        }
        let notes = settings.compactMap { row in row.note.map { "note: \(row.name): \($0)" } }
        let wrong = settings.compactMap(\.fault) + faults
        let end = wrong.isEmpty ? ["All settings are valid."] : wrong.map { "ERROR: \($0)" }
        return (lines + [""] + notes + unknown.map { "note: \($0)" } + end).joined(separator: "\n")
    }
}

// Checks of the machine.
extension SettingsReport {
    private struct Findings {
        var faults: [String: String] = [:]
        var notes: [String: String] = [:]
        /// Errors that do not belong to a single setting.
        var others: [String] = []

        /// Error messages start with the name of the variable that they concern.
        mutating func add(_ error: any Error) {
            let sentence = (error as? SettingsError)?.description ?? "A key or a secret is invalid."
            let name = String(sentence.prefix { $0.isUppercase || $0.isNumber || $0 == "_" })
            if SettingsCatalogue.find(name) == nil { others.append(sentence) } else { faults[name] = sentence }
        }
    }

    /// - Parameter settings: `nil` if a value is already invalid.
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
            // Settings that depend on each other, such as an algorithm and its key file.
            let serving = try ServeSettings(settings)
            if serving.signIn.lacksCommonPasswords {
                found.notes["COMMON_PASSWORDS_PATH"] = "file not found; common passwords are not rejected"
            }
            found.notes["METRICS_TOKEN"] = metricsNote(serving)
            found.notes["REGISTRATION"] = registrationNote(serving.signIn.accounts.registration, settings)
        } catch {
            found.add(error)
        }
        for (name, folder) in [
            ("MEDIA_ROOT", settings.mediaRoot), ("LOG_ROOT", URL(fileURLWithPath: settings["LOG_ROOT"] ?? "logs")),
        ] where folder.lastPathComponent != "-" && !canBeWritten(folder) {
            found.faults[name] = "\(name) is not a writable directory."
        }
        let atlas = settings.atlasPath.appendingPathComponent("ch2bet.nii.gz").path
        if !FileManager.default.fileExists(atPath: atlas) {
            found.notes["ATLAS_PATH"] = "atlas not found; reports name no lobes"
        }
        return found
    }

    /// Without a token, access to `/metrics` depends on the client address, which a proxy can hide.
    private static func metricsNote(_ serving: ServeSettings) -> String? {
        guard serving.web.metricsToken == nil else { return nil }
        if serving.web.publicURL != nil || !serving.web.trustedProxies.isEmpty {
            return "not set, but PUBLIC_URL or TRUSTED_PROXIES is; /metrics is disabled until you set a token"
        }
        let host = serving.host.lowercased()
        guard host != "localhost", NetworkAddress(host)?.isLoopback != true else { return nil }
        return "not set, and HOST is not loopback; set a token so that a local proxy cannot expose /metrics"
    }

    /// A warning if anyone can reach an open registration; otherwise the effective mode if none is set.
    private static func registrationNote(_ mode: RegistrationMode, _ settings: Settings) -> String? {
        if mode == .open && !settings.listensOnLoopback {
            return
                "WARNING: registration is open and HOST is not loopback. Anyone who reaches the server can register, even as a radiologist, and read and sign the cases of the default institution. Set approval or closed"
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
        return "SEGMENTATION_MODEL_PATH is not a model package: model.json is missing."
    }

    /// If the folder does not exist yet, checks its nearest existing parent.
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

// The catalogue as files in the repository, written by `scripts/settings`.
extension SettingsCatalogue {
    /// `.env.example`.
    static var example: String {
        let head = """
            # All settings of NeuroAI with their defaults. Copy this file to .env, remove the # and set your value.
            # The environment overrides .env. `neuroai check` validates both. Generated by scripts/settings.
            """
        let parts = sections.map { section in
            let lines = section.settings.map { "# \($0.what)\n#\($0.name)=\($0.defaultValue ?? "")" }
            return "\n## \(section.title)\n\n" + lines.joined(separator: "\n\n")
        }
        return ([head] + parts).joined(separator: "\n")
    }

    /// `docs/settings.md`.
    static var reference: String {
        let head = """
            # Settings

            <!-- Generated by scripts/settings from Sources/neuroai/Settings/SettingsCatalogue.swift. Do not edit. -->

            Settings are environment variables or lines of `.env` in the working directory; the environment wins. `.env.example` lists
            all of them, `neuroai check` prints each with its value, source and errors. Any invalid value stops every command.
            A secret or a URL with a password can also be in a file that the variable with `_FILE` added names: `SECRET_KEY_FILE=/run/secrets/secret-key`.
            """
        let parts = sections.map { section in
            let rows = section.settings.map { setting in
                let value = setting.defaultNote ?? setting.defaultValue.map { "`\($0)`" } ?? "–"
                let installed = setting.installedDefault.map { ", installed: `/usr/share/neuroai/\($0)`" } ?? ""
                return "| `\(setting.name)` | \(value)\(installed) | \(setting.what) |"
            }
            return "\n## \(section.title)\n\n| Name | Default | Description |\n| --- | --- | --- |\n"
                + rows.joined(separator: "\n")
        }
        return ([head] + parts).joined(separator: "\n")
    }
}
