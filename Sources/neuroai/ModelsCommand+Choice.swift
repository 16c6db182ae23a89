import ArgumentParser
import Features
import Foundation
import Kernel

extension ModelsCommand {
    private static func service(_ wiring: Wiring) -> ModelsService {
        ModelsService(
            database: wiring.database, installed: ModelRegistry(wiring.settings, logger: wiring.logger).installed)
    }

    /// Runs `body` with the configured database and prints the result. An `AppError` ends the command with exit code
    /// 65.
    private static func withService(_ body: (ModelsService) async throws -> String) async throws {
        let wiring = try await Wiring.open(try Settings.load(), label: "models")
        do {
            print(try await body(service(wiring)))
        } catch let error as AppError {
            Terminal.complain(error.message)
            try await wiring.close()
            throw ExitCode(65)
        }
        try await wiring.close()
    }

    /// Activates the model for every institution, from the next task on.
    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Activate a package for every institution, from the next task on.")

        @Argument(help: "Name, `name version` or digest of the package.") var model: String

        func run() async throws {
            try await ModelsCommand.withService { service in
                let identity = try await service.activateEverywhere(model).identity
                return "\(identity.name) \(identity.version) is active."
            }
        }
    }

    /// Rolls back the last activation.
    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reactivate the package that was active before the last activation.")

        func run() async throws {
            try await ModelsCommand.withService { service in
                let count = try await service.rollBackEverywhere()
                guard count > 0 else { throw AppError(.conflict, "No model has been activated.") }
                return "\(count) \(count == 1 ? "institution" : "institutions") reactivated the previous model."
            }
        }
    }
}
