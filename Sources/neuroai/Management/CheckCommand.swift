import ArgumentParser
import Foundation

/// `neuroai check`: prints and validates the settings.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Print every setting with its value (secrets masked), source and errors.",
        discussion: "Exit code 78 if a setting is invalid.")

    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Print .env.example.") var example = false
    @Flag(help: "Print docs/settings.md.") var reference = false

    func run() throws {
        if example || reference {
            print(example ? SettingsCatalogue.example : SettingsCatalogue.reference)
            return
        }
        let report = SettingsReport(SettingsSource.present())
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.text)
        }
        guard report.isValid else { throw ExitCode(78) }
    }
}
