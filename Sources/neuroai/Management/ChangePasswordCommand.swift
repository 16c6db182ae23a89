import ArgumentParser
import Features
import Foundation
import Kernel

/// `neuroai changepassword`: sets a user's password, as in Django.
struct ChangePasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "changepassword", abstract: "Set a user's password; prompts for it twice.",
        discussion: """
            The password is not echoed, and there is no option for it, since other users of the machine can read a command's arguments. \
            All sessions of the user end. Exit code 65 if the user does not exist or the password is rejected.
            """, aliases: ["change-password", "change_password"])

    @Argument(help: "The user's email address.") var username: String

    private static let attempts = 3

    func run() async throws {
        try await ManagementTask.run("changepassword") { task in
            let user = try await task.services.users.user(email: username)
            print("Changing password for user '\(user.email)'")
            for attempt in 1... {
                do {
                    _ = try await task.services.users.setPassword(email: user.email, Self.form())
                    print("Password changed successfully for user '\(user.email)'")
                    return
                } catch let error as AppError where error.code == .validation && attempt < Self.attempts {
                    for line in error.fieldSentences { Terminal.complain(line) }
                }
            }
        }
    }

    private static func form() throws -> PasswordChange {
        guard let password = Terminal.askSecretly("Password: "), let again = Terminal.askSecretly("Password (again): ")
        else { throw AppError(.conflict, "No password entered. The password was not changed.") }
        return PasswordChange(newPassword: password, confirmPassword: again)
    }
}
