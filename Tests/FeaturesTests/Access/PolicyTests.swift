import Foundation
import Testing

@testable import Features
@testable import Kernel

@Suite struct PolicyTests {
    /// The table as a person would write it, so that a change of the code shows here.
    private static let expected = """
        admin: user.read=institution user.change=institution case.create=institution case.read=institution \
        case.change=institution case.delete=institution case.share=institution case.restore=institution \
        image.upload=institution inference.start=institution \
        result.read=institution result.feedback=institution report.write=institution report.read=institution \
        report.sign=nothing model.manage=institution audit.read=institution admin.open=institution institution.manage=nothing
        doctor: user.read=nothing user.change=nothing case.create=own case.read=own case.change=own case.delete=own \
        case.share=own case.restore=nothing image.upload=own inference.start=own result.read=own result.feedback=own report.write=own \
        report.read=own \
        report.sign=nothing model.manage=nothing audit.read=nothing admin.open=nothing institution.manage=nothing
        radiologist: user.read=nothing user.change=nothing case.create=institution case.read=institution \
        case.change=institution case.delete=own case.share=own case.restore=nothing image.upload=institution \
        inference.start=institution \
        result.read=institution result.feedback=institution report.write=institution report.read=institution \
        report.sign=institution model.manage=nothing audit.read=nothing admin.open=nothing institution.manage=nothing
        researcher: user.read=nothing user.change=nothing case.create=nothing case.read=anonymised \
        case.change=nothing case.delete=nothing case.share=nothing case.restore=nothing image.upload=nothing inference.start=nothing \
        result.read=anonymised result.feedback=nothing report.write=nothing report.read=nothing \
        report.sign=nothing model.manage=nothing audit.read=nothing admin.open=nothing institution.manage=nothing
        """

    @Test func theTableIsTheOneAgreedOn() {
        let lines = Role.allCases.sorted { $0.rawValue < $1.rawValue }.map { role in
            let cells = Action.allCases.map { "\($0.rawValue)=\(Policy.reach(of: $0, for: role))" }
            return "\(role.rawValue): \(cells.joined(separator: " "))"
        }
        #expect(lines.joined(separator: "\n") == Self.expected)
    }

    @Test func aSuperuserIsAnAdminAnywhereButWritesNothingClinical() {
        let own = Scope(institution: ID(), user: ID(), role: .admin, isSuperuser: true)
        let visit = own.visiting(ID())
        #expect(Policy.reach(of: .manageInstitutions, own) == .platform)
        #expect(Policy.reach(of: .manageInstitutions, visit) == .platform)
        #expect(visit.atHome.institution == own.institution && visit.isVisiting && !own.isVisiting)
        let refused = Action.allCases.filter { Policy.reach(of: $0, visit) == .nothing }
        #expect(refused == [.createCase, .uploadImage, .startInference, .giveFeedback, .writeReport, .signReport])
    }

    @Test func aMissingFieldIsNotANull() throws {
        struct Form: Decodable {
            var name: Field<String>
            var age: Field<FormInteger>
        }
        func form(_ text: String) throws -> Form { try JSONDecoder().decode(Form.self, from: Data(text.utf8)) }
        #expect(try form("{}").name == .absent)
        #expect(try form(#"{"name": null}"#).name == .null)
        #expect(try form(#"{"name": "x"}"#).name == .value("x"))
        #expect(try form(#"{"age": "61"}"#).age == .value(FormInteger(61)))
        #expect(try form(#"{"age": 61}"#).age == .value(FormInteger(61)))
        #expect(throws: DecodingError.self) { try form(#"{"age": "old"}"#) }
        #expect(throws: DecodingError.self) { try form(#"{"name": 5}"#) }
    }

    @Test func idsAreUUIDs() throws {
        #expect(UserID("nonsense") == nil)
        let upper = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
        #expect(UserID(upper)?.string == upper.lowercased())
        let id = UserID()
        #expect(try JSONDecoder().decode(UserID.self, from: JSONEncoder().encode(id)) == id)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(UserID.self, from: Data(#""x""#.utf8)) }
    }
}
