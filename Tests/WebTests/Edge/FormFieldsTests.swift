import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Browsers' encoding of forms and URLs.
struct FormFieldsTests {
    private struct Form: Decodable, Equatable {
        var email: String?
        var firstName: String?
    }

    @Test func textsAreDecoded() throws {
        let fields = try FormFields("a=1+2%2B3&b=%C3%A4%20&c&=d&a=2&&e=x=y")
        #expect(
            fields.pairs == [
                .init("a", "1 2+3"), .init("b", "ä "), .init("c", ""), .init("", "d"), .init("a", "2"),
                .init("e", "x=y"),
            ])
        #expect(try FormFields("").pairs.isEmpty)
        #expect(try FormFields("first_name=Ada&email=a").decoded(as: Form.self) == Form(email: "a", firstName: "Ada"))
        #expect(try FormFields("firstName=Ada&more=x").decoded(as: Form.self) == Form(firstName: "Ada"))
    }

    @Test(arguments: ["a=%zz", "a=%", "a=%2", "a=%+1", "%%%=1", "a=%ff", "a=%ed%a0%80", "a[b]=1", "a%00=1", "a%20b=1"])
    func whatIsNoFormIsRefused(text: String) {
        #expect(throws: AppError.self) { try FormFields(text) }
    }

    @Test func aValueIsSentOnce() {
        let error = #expect(throws: AppError.self) { try FormFields("email=1&email=2").decoded(as: Form.self) }
        #expect(error?.fields["email"] == ["Send this field only once."])
    }

    @Test func thereIsALimitOfFields() throws {
        let most = String(repeating: "a=1&", count: FormFields.fieldLimit - 1) + "a=1"
        #expect(try FormFields(most).pairs.count == FormFields.fieldLimit)
        let error = #expect(throws: AppError.self) { try FormFields(most + "&a=1") }
        #expect(error?.message.contains("10000") == true)
    }
}
