import ArgumentParser
import Features
import Foundation
import Imaging
import Kernel

/// `neuroai populate_sample_data`: creates users and cases to try out a new installation.
struct PopulateSampleDataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "populate-sample-data", abstract: "Create sample users of each role and sample cases.",
        discussion: """
            Email addresses end in @neuroai.example, patient IDs start with SAMPLE-. If the atlas is installed, the first case gets four series \
            of a phantom. Existing users and cases are kept. The password is SAMPLE_PASSWORD or a random one, which is printed once.
            """, aliases: ["populate_sample_data", "populatesampledata"])

    @Flag(help: "Create no series.") var withoutImages = false
    @Flag(help: "Start the segmentation of the phantom; requires a worker.") var segment = false

    func run() async throws {
        try await ManagementTask.run("populate_sample_data") { task in
            let chosen = ProcessInfo.processInfo.environment["SAMPLE_PASSWORD"].flatMap { $0.isEmpty ? nil : $0 }
            let password = chosen ?? Self.randomPassword()
            let made = try await task.samples.populate(password: password)
            for address in made.users { print("user \(address)") }
            if !made.users.isEmpty, chosen == nil { print("their password: \(password)") }
            print("\(made.cases.count) cases created")
            if made.users.isEmpty && made.cases.isEmpty { print("The sample data already exist.") }
            guard let first = made.cases.first, !withoutImages else { return }
            let doctor = try await task.access.begin(as: SampleData.address(of: .doctor))
            guard try await task.uploadPhantom(to: first, doctor) else {
                Terminal.complain("No series created: atlas not found at ATLAS_PATH.")
                return
            }
            print("four series of a phantom uploaded to case \(first)")
            guard segment else { return }
            print("segmentation \(try await task.services.segmentation.start(doctor, case: first).id) started")
        }
    }

    private static func randomPassword() -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return String((0..<20).map { _ in letters.randomElement() ?? "x" })
    }
}

/// `neuroai add_user_cases`: creates more sample cases for a user.
struct AddUserCasesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-user-cases", abstract: "Add sample cases for a user.",
        aliases: ["add_user_cases", "addusercases"])

    @Argument(help: "User ID or email address.") var userID: String
    @Option(help: "Number of cases.") var count = 5

    func validate() throws {
        guard (1...1000).contains(count) else { throw ValidationError("--count must be a number from 1 to 1000.") }
    }

    func run() async throws {
        try await ManagementTask.run("add_user_cases") { task in
            let scope =
                if let id = UserID(userID) {
                    try await task.access.begin(as: id)
                } else {
                    try await task.access.begin(as: userID)
                }
            for id in try await task.samples.addCases(scope, count: count) { print("case \(id)") }
        }
    }
}

extension ManagementTask {
    /// Uploads a phantom's series as a client would. Returns `false` if there is no atlas to generate the phantom from.
    func uploadPhantom(to id: CaseID, _ scope: Scope) async throws -> Bool {
        let atlas = wiring.settings.atlasPath
        guard SamplePatient.canBeMade(of: atlas) else { return false }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sample-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            for (sequence, file) in try SamplePatient(atlas: atlas, seed: 1).write(to: folder).sorted(by: {
                $0.key < $1.key
            }) {
                let data = try Data(contentsOf: file)
                var incoming = try await services.images.receive(limit: Int64(data.count))
                try await incoming.append([UInt8](data))
                _ = try await services.images.add(
                    scope, case: id, modality: sequence, filename: "sample-\(sequence.rawValue).nii.gz",
                    file: try await incoming.finish())
            }
        } catch let error as ImagingError {
            throw AppError.wrapping(error)
        }
        return true
    }
}
