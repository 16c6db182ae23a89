import Storage
import TestSupport
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// Forms for adding and changing objects.
@Suite struct AdminFormsTests {
    @Test func whatABrowserSendsIsRead() {
        let values = AdminForm.Values(["name": "", "verified": "", "revision": "7"])
        #expect(values["name"] == "" && values["other"] == nil)
        // An unchecked checkbox is absent; a checked one may have an empty value.
        #expect(values.flag("verified") && !values.flag("active"))
        #expect(values.precondition == .revision(among: [7]))
        #expect(AdminForm.Values([:]).precondition == .none)
        #expect(AdminForm.Values(["revision": ""]).precondition == .none)
        #expect(AdminForm.Values(["revision": "x"]).precondition == .none)
    }

    /// Compared with the displayed values: saving an untouched row does not undo other users' changes.
    @Test func onlyWhatWasTouchedIsAChange() {
        let form = AdminForm(fields: [.init("role", "Role"), .init("verified", "Verified", .flag)]) { _, _, id, _ in
            .init(id)
        }
        func changes(_ values: [String: String], _ former: [String: String]) -> Bool {
            AdminEdit("1", .init(values), former: .init(former)).changesAnything(form)
        }
        #expect(!changes(["role": "doctor"], ["role": "doctor"]))
        #expect(changes(["role": "admin"], ["role": "doctor"]))
        #expect(changes(["role": "doctor", "verified": "1"], ["role": "doctor"]))
        #expect(changes(["role": "doctor"], ["role": "doctor", "verified": "1"]))
        // An empty field is the same as an absent one.
        #expect(!changes(["role": "doctor", "verified": ""], ["role": "doctor"]))
        #expect(!changes(["role": "doctor", "other": "x"], ["role": "doctor"]))
    }

    @Test(arguments: TestDatabase.all) func rowsOfAListAreSavedOneByOne(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let table = try clinic.table(root, "users")
            let form = try #require(table.listEdit)
            var people: [Person] = []
            for _ in 0..<3 { people.append(try await clinic.signIn(.doctor)) }
            func edit(_ person: Person, role: String, revision: Int64? = nil) -> AdminEdit {
                let seen = revision ?? person.user.updatedAt.microseconds
                return AdminEdit(
                    person.user.id.string, .init(["role": role, "revision": String(seen)]),
                    former: .init(["role": "doctor"]))
            }
            let outcome = try await clinic.administration.save(
                root.scope, table, form,
                [
                    edit(people[0], role: "radiologist"), edit(people[1], role: "doctor"),
                    edit(people[2], role: "researcher", revision: 1), edit(root, role: "doctor"),
                ])
            #expect(outcome.done == 1)
            #expect(outcome.refusals.map(\.error.code) == [.preconditionFailed])
            let roles = try await clinic.database.read { [people] connection in
                try people.map { try UserStore(connection).find(root.scope, $0.user.id)?.role }
            }
            #expect(roles == [.radiologist, .doctor, .doctor])
            #expect(try await clinic.traces("user.change_role") == [people[0].user.id.string])
            let nobody = AdminEdit(UserID().string, .init(["role": "admin"]), former: .init(["role": "doctor"]))
            await #expect { try await clinic.administration.save(root.scope, table, form, [nobody]) } throws: {
                isAppError($0, .notFound)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aUserIsEdited(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let id = doctor.user.id.string
            let good = [
                "email": doctor.user.email, "firstName": "Augusta", "lastName": "King", "role": "radiologist",
                "institution": "Charité", "specialty": "", "phoneNumber": "", "isEmailVerified": "on",
            ]
            _ = try await clinic.save(root, "users", id: id, good)
            let row = try await clinic.row(root, "users", id)
            #expect(row["firstName"]?.text == "Augusta" && row["role"]?.text == "radiologist")
            #expect(row["isEmailVerified"]?.meaning == .flag(true) && row["institution"]?.text == "Charité")
            // Unchecking the box clears the flag.
            _ = try await clinic.save(root, "users", id: id, good.filter { $0.key != "isEmailVerified" })
            #expect(try await clinic.row(root, "users", id)["isEmailVerified"]?.meaning == .flag(false))
            for (key, value) in [("email", "nonsense"), ("firstName", " "), ("role", "nurse")] {
                await #expect {
                    try await clinic.save(root, "users", id: id, good.merging([key: value]) { $1 })
                } throws: {
                    isAppError($0, .validation, field: key)
                }
            }
            // Changing one's own email address requires the password, which this form does not ask for.
            await #expect {
                try await clinic.save(
                    root, "users", id: root.user.id.string,
                    good.merging(["email": "new@clinic.org", "role": "admin"]) { $1 })
            } throws: {
                isAppError($0, .validation, field: "email")
                    && ($0 as? AppError)?.fields["email"] == ["Change your own email address on your account page."]
            }
            await #expect { try await clinic.save(root, "users", id: "no id", good) } throws: {
                isAppError($0, .notFound)
            }
        }
    }

    @Test func formsAreOfferedWhereTheyLead() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let table = try clinic.table(root, "users")
            func forms(_ person: Person) async throws -> [String] {
                let row = try await clinic.row(root, "users", person.user.id.string)
                return clinic.administration.forms(root.scope, table, of: row).map(\.key)
            }
            #expect(try await forms(doctor) == ["edit", "password"])
            // One's own password can only be changed with the current one.
            #expect(try await forms(root) == ["edit"])
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_pending = 1, is_active = 0 WHERE id = \(doctor.user.id)")
            }
            #expect(try await forms(doctor) == ["edit", "approve", "password"])
            let id = doctor.user.id.string
            _ = try await clinic.save(root, "users", form: { $0.form("approve") }, id: id, ["role": "researcher"])
            #expect(try await clinic.row(root, "users", id)["role"]?.text == "researcher")
            await #expect {
                try await clinic.save(root, "users", form: { $0.form("approve") }, id: id, ["role": "doctor"])
            } throws: { isAppError($0, .conflict) }
            let fresh = ["newPassword": "another horse", "confirmPassword": "another hors"]
            await #expect {
                try await clinic.save(root, "users", form: { $0.form("password") }, id: id, fresh)
            } throws: { isAppError($0, .validation, field: "confirmPassword") }
            #expect(table.form("nonsense") == nil && table.action("nonsense") == nil && table.filter("nonsense") == nil)
        }
    }

    @Test(arguments: TestDatabase.all) func aCaseIsMadeAndEdited(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let values = [
                "patientId": " PAT-9 ", "age": "70", "sex": "M", "scanDate": "2026-11-01", "fieldStrength": "3T",
                "priority": "high", "notes": "seen\nagain",
            ]
            let made = try await clinic.save(root, "cases", form: { $0.add }, values)
            let row = try await clinic.row(root, "cases", made.id)
            #expect(row.name == "PAT-9" && row["age"]?.meaning == .number(70) && row["notes"]?.text == "seen\nagain")
            #expect(row["scanDate"]?.text == "2026-11-01" && row["status"]?.text == "created")
            for (key, value) in [
                ("patientId", ""), ("age", "old"), ("age", "131"), ("sex", "?"), ("scanDate", "2026-02-30"),
            ] {
                await #expect {
                    try await clinic.save(root, "cases", form: { $0.add }, values.merging([key: value]) { $1 })
                } throws: { isAppError($0, .validation, field: key) }
            }
            let revision = try #require(row.revision)
            let change = values.merging(["status": "archived", "notes": "", "revision": String(revision)]) { $1 }
            _ = try await clinic.save(root, "cases", id: made.id, change)
            let after = try await clinic.row(root, "cases", made.id)
            #expect(after["status"]?.text == "archived" && after["notes"]?.meaning == .nothing)
            // Based on values displayed before another user's change, it changes nothing.
            await #expect { try await clinic.save(root, "cases", id: made.id, change) } throws: {
                isAppError($0, .preconditionFailed)
            }
            let form = try #require(try clinic.table(root, "cases").edit)
            #expect(form.fields.map(\.key)[3] == "status")
            #expect(form.fields.filter(\.isRequired).map(\.key) == ["patientId", "age", "sex", "status", "priority"])
        }
    }

    @Test func aPriorityIsChangedInTheList() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(root) { $0[.notes] = .value("kept") }
            _ = try await clinic.save(root, "cases", form: { $0.listEdit }, id: item.id.string, ["priority": "urgent"])
            let row = try await clinic.row(root, "cases", item.id.string)
            // The other fields are not in the form and keep their values.
            #expect(row["priority"]?.text == "urgent" && row["notes"]?.text == "kept" && row.name == "PAT-1")
        }
    }

    @Test(arguments: TestDatabase.all) func quotasAreSetWithUnits(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let above = try await clinic.superuser()
            let id = InstitutionID.default.string
            func quota(_ text: String) async throws {
                _ = try await clinic.save(above, "institutions", form: { $0.listEdit }, id: id, ["quotaBytes": text])
            }
            try await quota("1 kB")
            for (stored, used, isFull) in [(Int64(0), Int64(0), "0"), (899, 89, "0"), (900, 90, "1"), (2000, 200, "1")]
            {
                try await clinic.database.write {
                    try $0.execute("UPDATE institutions SET stored_bytes = \(stored) WHERE id = \(id)")
                }
                let row = try await clinic.row(above, "institutions", id)
                #expect(row["used"]?.meaning == .number(used) && row["quotaBytes"]?.text == "1 kB")
                #expect(
                    try await clinic.rows(above, "institutions") { $0.choose("full", isFull) }.count == 1, "\(stored)")
            }
            await #expect { try await quota("45") } throws: { isAppError($0, .validation, field: "quotaBytes") }
            try await quota("0")
            #expect(try await clinic.row(above, "institutions", id)["used"]?.meaning == .nothing)
            #expect(try await clinic.rows(above, "institutions") { $0.choose("quota", "1") }.count == 1)
            try await quota("")
            #expect(try await clinic.rows(above, "institutions") { $0.choose("quota", "0") }.count == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func aSeriesMovesAndIsRenamed(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(root)
            let image = try await clinic.add(root, item, .t1, "image 1", name: "smith.nii.gz")
            let id = image.id.string
            #expect(try await clinic.row(root, "images", id)["spacingZ"]?.meaning == .decimal(1.5))
            _ = try await clinic.save(root, "images", id: id, ["modality": "t2", "originalFilename": "../x\u{1}.nii"])
            let row = try await clinic.row(root, "images", id)
            #expect(row["modality"]?.text == "t2" && row.name == "x.nii")
            for (key, value) in [("modality", "ct"), ("modality", "")] {
                await #expect {
                    try await clinic.save(root, "images", id: id, [key: value, "originalFilename": "x"])
                } throws: { isAppError($0, .validation, field: key) }
            }
            #expect(try await clinic.act(root, "images", "delete", on: [id]).done == 1)
            #expect(try await clinic.rows(root, "images").count == 0)
            #expect(try await clinic.storedBytes() == 0)
        }
    }
}
