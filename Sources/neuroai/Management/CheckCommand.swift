import ArgumentParser
import Foundation

/// `neuroai check`: what the operator has decided, and what is wrong with it.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Prints every setting, its value (secrets masked), where it comes from and what is wrong with it.",
        discussion: "Exit code 78 where something is wrong.")

    @Flag(help: "Prints JSON.") var json = false
    @Flag(help: "Prints the contents of .env.example.") var example = false
    @Flag(help: "Prints README's table of settings.") var table = false

    func run() throws {
        if example || table {
            print(example ? SettingsCatalogue.example : SettingsCatalogue.table)
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
        guard report.isSound else { throw ExitCode(78) }
    }
}
