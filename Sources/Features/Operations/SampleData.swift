import Foundation
import Storage

/// People and cases to look at in a fresh installation; their names say that they are samples.
package struct SampleData: Sendable {
    /// Who and what was made now; what was there already stays as it is.
    package struct Made: Sendable, Encodable {
        package var users: [String] = []
        package var cases: [CaseID] = []
    }

    private let users: UsersService
    private let cases: CasesService
    private let access: OperatorAccess

    package init(users: UsersService, cases: CasesService, access: OperatorAccess) {
        self.users = users
        self.cases = cases
        self.access = access
    }

    /// `.example` belongs to nobody (RFC 2606).
    package static func address(of role: Role) -> String { "sample.\(role.rawValue)@neuroai.example" }

    static let note = "Sample data, made by neuroai; no patient."
    private static let texts: [(indication: String, diagnosis: String, age: Int, sex: String)] = [
        ("First seizure", "Suspected high-grade glioma", 61, "F"),
        ("Headache for six weeks", "", 47, "M"),
        ("Follow-up after resection", "Glioblastoma, IDH wild type", 58, "F"),
        ("Incidental finding", "Suspected meningioma", 70, "M"),
        ("Follow-up under therapy", "Astrocytoma, IDH mutant", 35, "O"),
    ]

    /// A user of each role, with this password, and the sample doctor's cases.
    package func populate(password: String) async throws -> Made {
        var made = Made()
        for role in Role.allCases where try await !access.knows(Self.address(of: role)) {
            let form = Registration(
                email: Self.address(of: role), password: password, confirmPassword: password, firstName: "Sample",
                lastName: role.rawValue.capitalized, institution: "Sample institution")
            _ = try await users.create(form, as: role)
            made.users.append(Self.address(of: role))
        }
        let doctor = try await access.begin(as: Self.address(of: .doctor))
        guard try await sampleCases(doctor).isEmpty else { return made }
        made.cases = try await addCases(doctor, count: Self.texts.count)
        return made
    }

    /// More sample cases of a user, numbered on from those that she has.
    package func addCases(_ scope: Scope, count: Int) async throws -> [CaseID] {
        let present = try await sampleCases(scope).count
        var ids: [CaseID] = []
        for number in present..<present + count {
            ids.append(try await cases.create(scope, Self.form(number, of: scope)).id)
        }
        return ids
    }

    private static func form(_ number: Int, of scope: Scope) -> CaseForm {
        let text = texts[number % texts.count]
        var form = CaseForm()
        form[.patientID] = .value("SAMPLE-\(scope.user.string.prefix(4).uppercased())-\(number + 1)")
        form[.age] = .value(.number(text.age))
        form[.sex] = .value(.text(text.sex))
        form[.indication] = .value(.text(text.indication))
        form[.diagnosis] = .value(.text(text.diagnosis))
        form[.fieldStrength] = .value(number.isMultiple(of: 2) ? "3T" : "1.5T")
        form[.scannerType] = .value("Sample scanner")
        form[.notes] = .value(.text(note))
        return form
    }

    private func sampleCases(_ scope: Scope) async throws -> [Case] {
        var query = CaseQuery()
        query.search = "SAMPLE-\(scope.user.string.prefix(4).uppercased())-"
        query.createdBy = scope.user.string
        return try await cases.list(scope, query).items
    }
}
