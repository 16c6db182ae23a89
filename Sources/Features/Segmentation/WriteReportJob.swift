import Kernel
import Storage

/// Writes a result's report draft.
package struct WriteReportJob: Job {
    package struct Parameters: Codable, Sendable {
        let result: ID<CaseResult>
    }

    package static let jobName = "write-report"
    package static let taskName = "reports.write_report"
    package static let jobClass = JobClass.interactive
    /// Short and awaited: runs before the next segmentation.
    static let priority = 10

    /// Composes the report and returns its writes.
    package typealias Writer = @Sendable (CaseResult, _ job: ID<JobRecord>) throws -> JobWrites

    package let limits = JobLimits.report

    private let database: any Database
    private let writer: Writer

    package init(database: any Database, writer: @escaping Writer) {
        self.database = database
        self.writer = writer
    }

    package func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites {
        control.report("Writing the report", 0)
        guard let result = try await database.read({ try ResultStore($0).find(asWorker: parameters.result) }) else {
            throw JobFailure(.obsolete, "The case has been deleted.")
        }
        return try await control.stage("compose") { try writer(result, control.job) }
    }

    package static func arguments(of parameters: Parameters) -> [String: String] {
        ["result_id": parameters.result.string]
    }
}
