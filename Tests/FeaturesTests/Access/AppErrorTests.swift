import Imaging
import Storage
import Testing

@testable import Features
@testable import Kernel

@Suite struct AppErrorTests {
    @Test func everyFaultHasItsCode() {
        let expected: [(any Error, AppError.Code)] = [
            (AppError(.conflict, "x"), .conflict), (DatabaseError(.busy, "x"), .unavailable),
            (DatabaseError(.unavailable, "x"), .unavailable), (DatabaseError(.invalidValue, "x"), .validation),
            (DatabaseError(.statement, "x"), .internalFault), (DatabaseError(.uniqueViolation, "x"), .internalFault),
            (BlobError.tooLarge(limit: 1 << 30), .tooLarge), (BlobError.missing, .notFound),
            (BlobError.closed, .internalFault), (BlobError.fileSystem(28), .unavailable),
            (ImagingError(.invalidImage, "x"), .validation), (ImagingError(.incompatibleSeries, "x"), .validation),
            (ImagingError(.invalidModel, "x"), .unavailable), (ImagingError(.internalFault, "x"), .internalFault),
            (CancellationError(), .unavailable),
        ]
        for (error, code) in expected { #expect(AppError.wrapping(error).code == code, "\(error)") }
    }

    @Test func theCauseStaysForTheLogAndOutOfTheMessage() {
        let wrapped = AppError.wrapping(DatabaseError(.statement, "syntax error near SELECT"))
        #expect((wrapped.cause as? DatabaseError)?.kind == .statement)
        #expect(!wrapped.message.contains("SELECT"))
        #expect(AppError.wrapping(BlobError.tooLarge(limit: 1 << 30)).message.contains("1 GiB"))
    }

    @Test func aFieldsErrorNamesIt() {
        let error = AppError.invalid("role", "No.")
        #expect(error.code == .validation)
        #expect(error.fields == ["role": ["No."]])
        #expect(error.description == "validation: No.")
    }
}
