import ArgumentParser
import Features
import Foundation
import Kernel

/// `neuroai createsuperuser`: creates the first administrator or another superuser.
struct CreateSuperuserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "createsuperuser", abstract: "Create a superuser; prompts for missing values.",
        discussion: """
            The command prompts for the password or reads DJANGO_SUPERUSER_PASSWORD; there is no option for it, since other users of the machine \
            can read a command's arguments. DJANGO_SUPERUSER_EMAIL, _FIRST_NAME and _LAST_NAME replace the options.
            """, aliases: ["create-superuser", "create_superuser"])

    @Option(help: "Email address.") var email: String?
    @Option(help: "First name; default: Super.") var firstName: String?
    @Option(help: "Last name; default: User.") var lastName: String?
    @Flag(name: [.customLong("no-input"), .customLong("noinput")], help: "Do not prompt; missing values are errors.")
    var noInput = false

    private static let attempts = 3

    func run() async throws {
        try await ManagementTask.run("createsuperuser") { task in
            var attempt = 1
            while true {
                do {
                    let user = try await task.services.users.createSuperuser(form())
                    print("\(user.email) is a superuser.")
                    return
                } catch let error as AppError
                    where error.code == .validation && mayAsk && attempt < Self.attempts
                {
                    for line in ManagementTask.sentences(error) { Terminal.complain(line) }
                    attempt += 1
                }
            }
        }
    }

    private var mayAsk: Bool { !noInput && Terminal.isInteractive }

    private func form() -> Registration {
        let environment = ProcessInfo.processInfo.environment
        func value(_ given: String?, _ name: String, _ question: String) -> String? {
            given ?? environment["DJANGO_SUPERUSER_\(name)"] ?? (mayAsk ? Terminal.ask(question) : nil)
        }
        let address = value(email, "EMAIL", "Email: ")
        let first = value(firstName, "FIRST_NAME", "First name: ") ?? "Super"
        let last = value(lastName, "LAST_NAME", "Last name: ") ?? "User"
        let given = environment["DJANGO_SUPERUSER_PASSWORD"]
        let password = given ?? (mayAsk ? Terminal.askSecretly("Password: ") : nil)
        let again = given ?? (mayAsk ? Terminal.askSecretly("Password (again): ") : nil)
        return Registration(
            email: address, password: password, confirmPassword: again, firstName: first.isEmpty ? "Super" : first,
            lastName: last.isEmpty ? "User" : last)
    }
}
