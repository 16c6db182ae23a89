import Testing

@testable import Features
@testable import Kernel

struct VisibleTextTests {
    /// A required text without visible characters counts as missing.
    @Test(arguments: ["", " \n\t", "\u{200b}", "\u{2060}\u{a0}\u{ad}", "\u{2800}"])
    func whatShowsNothingIsBlank(_ text: String) {
        let error = #expect(throws: AppError.self) {
            _ = try AddendumForm(text: text, reason: "Typing error").checked()
        }
        #expect(error?.fields == ["text": ["This field may not be blank."]])
        #expect(throws: Never.self) { _ = try AddendumForm(text: text + "x", reason: "Typing error").checked() }
    }
}
