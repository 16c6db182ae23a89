import Basics
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The active model of institutions.
@Suite struct ModelsServiceTests {
    private static func model(_ version: String, _ digit: String) -> InstalledModel {
        InstalledModel(
            identity: ModelIdentity(name: "m", version: version, digest: String(repeating: digit, count: 64)),
            architecture: "stand-in")
    }

    private static let first = model("1", "a")
    private static let second = model("2", "b")
    private static let third = model("3", "c")

    private static func service(_ clinic: FeaturesFixture, _ installed: [InstalledModel] = [first, second, third])
        -> ModelsService
    {
        ModelsService(
            database: clinic.database,
            installed: InstalledModels(list: { installed }, defaultModel: { first.identity }),
            clock: {
                // Activations are ordered by time.
                clinic.clock.advance(by: .seconds(1))
                return clinic.clock.now
            })
    }

    private func active(_ service: ModelsService, _ person: Person) async throws -> [String] {
        try await service.list(person.scope, .plain(limit: 10)).items.filter(\.isActive).map(\.model.identity.version)
    }

    @Test func theIdFollowsFromTheDigest() {
        #expect(Self.first.id?.string == "aaaaaaaa-aaaa-8aaa-8aaa-aaaaaaaaaaaa")
    }

    @Test(arguments: TestDatabase.all) func anAdministratorChoosesAndGoesBack(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let service = Self.service(clinic)
            #expect(try await active(service, admin) == ["1"])
            let second = try #require(Self.second.id)
            #expect(try await service.activate(admin.scope, second).isActive)
            // Activating the active model adds nothing to roll back.
            _ = try await service.activate(admin.scope, second)
            _ = try await service.activate(admin.scope, try #require(Self.third.id))
            #expect(try await active(service, admin) == ["3"])
            #expect(try await service.rollBack(admin.scope).model == Self.second)
            #expect(try await service.rollBack(admin.scope).model == Self.first)
            let error = await #expect(throws: AppError.self) { try await service.rollBack(admin.scope) }
            #expect(error?.code == .conflict)
            let actions = try await clinic.actions().filter { $0.hasPrefix("model.") }
            #expect(actions == ["model.activate", "model.activate", "model.rollback", "model.rollback"])
        }
    }

    @Test(arguments: TestDatabase.all) func oneInstitutionsChoiceIsNotAnothers(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let stranger = try await clinic.signIn(.admin, institution: clinic.makeInstitution())
            let service = Self.service(clinic)
            _ = try await service.activate(admin.scope, try #require(Self.second.id))
            #expect(try await active(service, stranger) == ["1"])
            #expect(try await service.activateEverywhere("m 3") == Self.third)
            #expect(try await service.activateEverywhere("m 3") == Self.third)
            #expect(try await active(service, admin) == ["3"])
            #expect(try await active(service, stranger) == ["3"])
            #expect(try await service.rollBackEverywhere() == 2)
            #expect(try await active(service, admin) == ["2"])
            #expect(try await active(service, stranger) == ["1"])
        }
    }

    @Test(arguments: [Role.doctor, .radiologist, .researcher]) func othersMayOnlyLook(_ role: Role) async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let person = try await clinic.signIn(role)
            let service = Self.service(clinic)
            #expect(try await service.list(person.scope, .plain(limit: 10)).items.count == 3)
            let id = try #require(Self.second.id)
            let refused = await #expect(throws: AppError.self) { try await service.activate(person.scope, id) }
            #expect(refused?.code == .forbidden)
            let back = await #expect(throws: AppError.self) { try await service.rollBack(person.scope) }
            #expect(back?.code == .forbidden)
        }
    }

    @Test func aModelThatIsGoneCannotBeGoneBackTo() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let admin = try await clinic.signIn(.admin)
            _ = try await Self.service(clinic).activate(admin.scope, try #require(Self.second.id))
            _ = try await Self.service(clinic).activate(admin.scope, try #require(Self.third.id))
            let later = Self.service(clinic, [Self.first, Self.third])
            let error = await #expect(throws: AppError.self) { try await later.rollBack(admin.scope) }
            #expect(error?.message.contains("no longer installed") == true)
            #expect(try await active(later, admin) == ["3"])
            let unknown = await #expect(throws: AppError.self) { try await later.get(admin.scope, ID()) }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func aNameThatSeveralBearIsTheStandardOne() {
        let installed = InstalledModels(list: { [Self.first, Self.second] }, defaultModel: { Self.first.identity })
        #expect(installed.find("m") == Self.first)
        #expect(installed.find("2") == Self.second)
        #expect(installed.find(Self.second.identity.digest) == Self.second)
        #expect(installed.find("n") == nil)
    }
}
