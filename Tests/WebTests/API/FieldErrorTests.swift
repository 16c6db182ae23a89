import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Web

/// A rejected body lists every invalid field with its expected value.
struct FieldErrorTests {
    private static func fields(
        _ clinic: WebFixture, _ method: HTTPRequest.Method, _ path: String, _ json: String, as token: String? = nil
    ) async throws -> [String: [String]] {
        let answer = try await clinic.call(method, path, json, as: token)
        #expect(answer.status == .badRequest, "\(path) \(json): \(answer.text)")
        return answer.object as? [String: [String]] ?? [:]
    }

    @Test func aCaseNamesEachWrongField() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            func refused(_ json: String) async throws -> [String: [String]] {
                try await Self.fields(clinic, .post, "/api/cases/", json, as: token)
            }
            // Regression test (F18).
            #expect(
                try await refused(#"{"patientId": "P", "age": 61.5, "sex": "F"}"#) == ["age": ["Enter a whole number."]]
            )
            for age in [#""61.5""#, #""old""#, "true", "[]", "{}", #""+61""#] {
                let fields = try await refused("{\"patientId\": \"P\", \"age\": \(age), \"sex\": \"F\"}")
                #expect(fields == ["age": ["Enter a whole number."]], "\(age): \(fields)")
            }
            for age in ["131", "-1", #""131""#, "1e300", "99999999999999999999"] {
                let fields = try await refused("{\"patientId\": \"P\", \"age\": \(age), \"sex\": \"F\"}")
                #expect(fields == ["age": ["Ensure this value is between 0 and 130."]], "\(age): \(fields)")
            }
            let all = try await refused(
                #"{"patient_id": 7, "age": "x", "sex": "f", "scanDate": 5, "notes": ["a"], "fieldStrength": 3}"#)
            #expect(
                all == [
                    "patientId": ["Not a valid string."], "age": ["Enter a whole number."],
                    "sex": ["Not a valid choice. Choose one of M, F, O."],
                    "scanDate": ["Enter a date as YYYY-MM-DD."], "notes": ["Not a valid string."],
                    "fieldStrength": ["Not a valid choice. Choose one of 1.5T, 3T, 7T."],
                ])
            let required = ["This field is required."]
            #expect(try await refused("{}") == ["patientId": required, "age": required, "sex": required])
            #expect(
                try await refused(#"{"patientId": null, "age": null, "sex": null, "notes": 1}"#) == [
                    "patientId": required, "age": required, "sex": required, "notes": ["Not a valid string."],
                ])
            #expect(try await clinic.rows("cases") == 0)
        }
    }

    @Test func whatExistingClientsSendIsTaken() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            // Numbers as text, empty choices, complete dates, unknown fields.
            let form = """
                {"patientId": "P", "age": "61", "sex": "F", "scanDate": "2026-03-01T00:00:00.000Z", "fieldStrength": "",
                "notes": null, "priority": "", "createdAt": 5, "more": {"a": [1]}}
                """
            let made = try await clinic.call(.post, "/api/cases/", form, as: token)
            #expect(made.status == .created && made.object["age"] as? Int == 61, "\(made.text)")
            // Clients send complete cases back.
            let id = try #require(made["caseId"])
            let whole = try await clinic.call(.patch, "/api/cases/\(id)/", made.text, as: token)
            #expect(whole.status == .ok, "\(whole.text)")
            let float = #"{"age": 62.0}"#
            #expect(try await clinic.call(.patch, "/api/cases/\(id)/", float, as: token).object["age"] as? Int == 62)
        }
    }

    @Test func aBodyThatIsNoObjectSaysSo() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            for (json, said) in [
                ("", "The body is empty. Send a JSON object."), ("[]", "Send a JSON object."),
                ("null", "Send a JSON object."), ("5", "Send a JSON object."), ("{", "The body is not valid JSON."),
                (#"{"age" 1}"#, "The body is not valid JSON."),
            ] {
                let fields = try await Self.fields(clinic, .post, "/api/cases/", json, as: token)
                #expect(fields == ["non_field_errors": [said]], "\(json): \(fields)")
            }
        }
    }

    @Test func nestedFieldsAndFlagsAreNamed() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let fields = try await Self.fields(
                clinic, .post, "/api/cases/\(id)/feedback/",
                #"{"rating": 2.5, "ratings": {"whole_tumor": "many", "tumorCore": 9}, "isCorrect": "yes"}"#, as: token)
            #expect(
                fields == [
                    "rating": ["Enter a whole number."], "ratings.whole_tumor": ["Enter a whole number."],
                    "ratings.tumor_core": ["Ensure this value is between 1 and 5."],
                    "isCorrect": ["Must be true or false."],
                ])
            let list = try await Self.fields(
                clinic, .post, "/api/cases/\(id)/feedback/", #"{"ratings": [5]}"#, as: token)
            #expect(list == ["ratings": ["Must be a JSON object."]])
            let start = try await Self.fields(
                clinic, .post, "/api/inference/", #"{"caseId": 5, "modelId": true}"#, as: token)
            #expect(start == ["caseId": ["Must be a valid UUID."], "modelId": ["Not a valid string."]])
        }
    }

    @Test func aRegistrationNamesItsFieldsAsTheFormDoes() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let fields = try await Self.fields(
                clinic, .post, "/api/users/register/",
                #"{"email": "ada", "password": 5, "confirmPassword": "x", "firstName": "", "role": "admin"}"#)
            #expect(Set(fields.keys) == ["email", "password", "first_name", "last_name", "role"], "\(fields)")
            #expect(fields["email"] == ["Enter a valid email address."])
            #expect(fields["first_name"] == ["This field may not be blank."])
            let empty = try await Self.fields(clinic, .post, "/api/users/login/", "{}")
            #expect(empty == ["email": ["This field is required."], "password": ["This field is required."]])
        }
    }

    @Test func anUploadNamesBothFields() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let empty = try await clinic.post(form: Data("--edge--\r\n".utf8), to: id, as: token)
            #expect(Set(empty.object.keys) == ["file", "modality"], "\(empty.text)")
        }
    }

    /// If the schema finds no error but the decoder does, the decoder's error is used.
    @Test func theDecoderNamesWhatNoSchemaDoes() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            // The profile's form has no role, but accepts one from clients that send whole profiles.
            let fields = try await Self.fields(
                clinic, .patch, "/api/users/profile/update/", #"{"role": 5}"#, as: token)
            #expect(fields == ["role": ["Not a valid value."]])
        }
    }
}
