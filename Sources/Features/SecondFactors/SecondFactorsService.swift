import Foundation
import Kernel
import Storage

/// Enrolment, verification and removal of the second factor.
package struct SecondFactorsService: Sendable {
    private let sessions: SessionsService
    private var database: any Database { sessions.database }
    private var box: SecretBox { sessions.signer.box }

    init(_ sessions: SessionsService) {
        self.sessions = sessions
    }

    package func status(_ principal: Principal) async throws -> SecondFactorStatus {
        let user = principal.scope.user
        return try await database.read { [sessions] connection in
            let store = SecondFactorStore(connection)
            return SecondFactorStatus(
                isEnabled: try store.find(user)?.confirmedAt != nil,
                isRequired: sessions.requiresSecondFactor(principal.scope),
                recoveryCodesLeft: try store.recoveryCodesLeft(user))
        }
    }

    /// A secret for the user's app; it becomes active once `confirm` has verified a code. Requires the password: an
    /// unattended session must not be enough to lock its user out.
    package func enrol(_ principal: Principal, password: String) async throws -> SecondFactorEnrolment {
        let scope = principal.scope.atHome
        try await sessions.requireOwn(password, scope, field: "password")
        let codes = OneTimeCodes.fresh()
        let sealed = try box.seal(codes.secret, for: scope.user.string)
        let now = sessions.clock()
        let email = try await database.write { connection in
            let store = SecondFactorStore(connection)
            guard try store.find(scope.user)?.confirmedAt == nil else {
                throw AppError(.conflict, "Two-factor authentication is already on. Disable it first.")
            }
            try store.begin(scope, secret: sealed, at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, "second_factor.enrol", "user", scope.user.string, at: now))
            return try UserStore(connection).find(scope, scope.user)?.email ?? ""
        }
        return SecondFactorEnrolment(codes, account: email)
    }

    /// The enrolment pending confirmation; `nil` if there is none.
    package func pending(_ principal: Principal) async throws -> SecondFactorEnrolment? {
        let scope = principal.scope.atHome
        return try await database.read { connection in
            guard let factor = try SecondFactorStore(connection).find(scope.user), factor.confirmedAt == nil,
                let user = try UserStore(connection).find(scope, scope.user)
            else { return nil }
            return SecondFactorEnrolment(try codes(of: factor), account: user.email)
        }
    }

    /// Activates the second factor: from now on sign-in requires a code.
    package func confirm(_ principal: Principal, code: String) async throws -> RecoveryCodes {
        let scope = principal.scope.atHome
        let attempts = sessions.attempts(on: "code \(scope.user)", origin: scope.origin)
        try await sessions.admit(attempts, scope)
        let now = sessions.clock()
        let fresh = RecoveryCodes()
        let digests = fresh.recoveryCodes.map { box.digest(Self.recoveryText(scope.user, $0)) }
        try await database.write { connection in
            let store = SecondFactorStore(connection)
            guard let factor = try store.find(scope.user), factor.confirmedAt == nil else {
                throw AppError(.conflict, "No enrolment to confirm. Start one first.")
            }
            guard let step = try codes(of: factor).step(of: code.trimmed, at: now) else {
                throw AppError.invalid("code", "Incorrect code. Check the clock of the device.")
            }
            try store.confirm(scope, step: step, recovery: digests, at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, "second_factor.confirm", "user", scope.user.string, at: now))
        }
        try await sessions.throttle.forgive(attempts, account: sessions.settings.throttling.account)
        return fresh
    }

    /// Sign-in then requires only the password.
    package func disable(_ principal: Principal, password: String) async throws {
        let scope = principal.scope.atHome
        try await sessions.requireOwn(password, scope, field: "password")
        try await remove(scope, scope.user)
    }

    /// The same, also requiring a code from the app or a recovery code, as on the account page.
    package func disable(_ principal: Principal, password: String, code: String) async throws {
        let scope = principal.scope.atHome
        guard !code.trimmed.isEmpty else { throw AppError.invalid("code", "This field is required.") }
        try await sessions.requireOwn(password, scope, field: "password")
        let attempts = sessions.attempts(on: "code \(scope.user)", origin: scope.origin)
        try await sessions.throttle.admit(attempts)
        let user = try await database.read { try UserStore($0).find(scope, scope.user) }
        guard let user, try await check(user, code: code, origin: scope.origin) else {
            throw AppError.invalid("code", "Incorrect or already used code.")
        }
        try await sessions.throttle.forgive(attempts, account: sessions.settings.throttling.account)
        try await remove(scope, scope.user)
    }

    /// For administrators, if a user has lost the device and the recovery codes.
    package func reset(_ scope: Scope, _ user: UserID) async throws {
        try Policy.require(.changeUsers, scope)
        try await database.read { connection in
            guard let found = try UserStore(connection).find(scope, user) else {
                throw AppError(.notFound, "User not found.")
            }
            try Policy.requireRank(scope, aboveSuperuser: found.isSuperuser)
        }
        try await remove(scope, user)
    }

    private func remove(_ scope: Scope, _ user: UserID) async throws {
        let now = sessions.clock()
        try await database.write { connection in
            guard try SecondFactorStore(connection).delete(scope, user) else {
                throw AppError(.notFound, "Two-factor authentication is not set up.")
            }
            try AuditStore(connection).append(
                AuditEntry(scope, "second_factor.remove", "user", user.string, at: now))
        }
    }

    // MARK: Signing in

    /// Admits a user with a correct password: directly without a second factor, otherwise with an unused code or
    /// recovery code.
    func check(_ user: User, code: String?, origin: RequestOrigin) async throws -> Bool {
        guard let factor = try await database.read({ try SecondFactorStore($0).find(user.id) }),
            factor.confirmedAt != nil
        else { return true }
        guard let code = code?.trimmed, !code.isEmpty else {
            throw AppError(.codeRequired, "Enter your authentication code.")
        }
        let now = sessions.clock()
        let step = try codes(of: factor).step(of: code, at: now)
        let digests = box.digests(Self.recoveryText(user.id, code))
        return try await database.write { connection in
            let store = SecondFactorStore(connection)
            if let step { return try store.take(user.id, step: step) }
            guard try store.takeRecovery(user.id, digests: digests, at: now) else { return false }
            try AuditStore(connection).append(
                AuditEntry(
                    institution: user.institutionID, actor: user.id, origin: origin, action: "second_factor.recover",
                    objectType: "user", objectID: user.id.string, at: now))
            return true
        }
    }

    private func codes(of factor: SecondFactor) throws -> OneTimeCodes {
        guard let secret = box.open(factor.secret, for: factor.user.string) else {
            throw AppError(
                .internalFault, "The second factor cannot be decrypted: SECRET_KEY was changed without a fallback.")
        }
        return OneTimeCodes(secret: secret)
    }

    private static func recoveryText(_ user: UserID, _ code: String) -> String {
        "recovery \(user) \(RecoveryCodes.plain(code))"
    }
}

extension SessionsService {
    package var secondFactors: SecondFactorsService { SecondFactorsService(self) }
}
