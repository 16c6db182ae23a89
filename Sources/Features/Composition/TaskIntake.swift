import Basics
import Kernel
import Storage

/// Finds or creates the jobs that messages carry. Clients of the broker have the operator's rights: a message is not checked
/// against a user's, and the job that it creates runs in the name of the case's author.
package struct TaskIntake: Sendable {
    private let database: any Database
    private let segmentation: SegmentationService

    package init(database: any Database, segmentation: SegmentationService) {
        self.database = database
        self.segmentation = segmentation
    }

    /// A message that names no job and cannot become one, in one sentence for the client.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    /// The names of the tasks that clients can send.
    package static let taskNames = [SegmentCaseJob.taskName, WriteReportJob.taskName, ScoreMaskJob.taskName]

    /// The job of a message. A message that is delivered again has the same job.
    ///
    /// - Parameter trace: the client's span.
    /// - Throws: `Refusal`, or an error of the database.
    package func job(
        forMessage id: String, task: String, arguments: [String: JSONValue], trace: TraceContext? = nil
    ) async throws -> ID<JobRecord> {
        if let job = try await database.read({ try JobStore($0).find(message: id) }) { return job.id }
        do {
            return try await create(task, arguments, Message(id: id, trace: trace))
        } catch let error as DatabaseError where error.kind == .uniqueViolation {
            // The message was delivered twice at once.
            guard let job = try await database.read({ try JobStore($0).find(message: id) }) else { throw error }
            return job.id
        } catch let error as AppError where error.cause == nil {
            throw Refusal(description: error.fields.values.first?.first ?? error.message)
        }
    }

    private struct Message: Sendable {
        let id: String
        let trace: TraceContext?
    }

    private func create(
        _ task: String, _ arguments: [String: JSONValue], _ message: Message
    ) async throws -> ID<JobRecord> {
        switch task {
        case SegmentCaseJob.taskName: try await segmentCase(arguments, message)
        case WriteReportJob.taskName: try await writeReport(arguments, message)
        case ScoreMaskJob.taskName: try await scoreMask(arguments, message)
        default: throw Refusal(description: "The task \(task) does not exist.")
        }
    }

    private func segmentCase(_ arguments: [String: JSONValue], _ message: Message) async throws -> ID<JobRecord> {
        let id: CaseID = try Self.id("case_id", in: arguments)
        guard let author = try await database.read({ try CaseStore($0).author(asWorkerOf: id) }) else {
            throw Refusal(description: "Case not found.")
        }
        return try await segmentation.start(
            author.asking(from: RequestOrigin(trace: message.trace)), case: id,
            modelID: arguments["model_id"]?.asText, force: arguments["force"]?.asBool ?? false, messageID: message.id
        ).job
    }

    private func writeReport(_ arguments: [String: JSONValue], _ message: Message) async throws -> ID<JobRecord> {
        let id: ID<CaseResult> = try Self.id("result_id", in: arguments)
        return try await database.write { connection in
            guard let result = try ResultStore(connection).find(asWorker: id),
                let author = try CaseStore(connection).author(asWorkerOf: result.caseID)
            else { throw Refusal(description: "Result not found.") }
            return try JobStore(connection).enqueue(
                WriteReportJob.self, WriteReportJob.Parameters(result: id), institution: author.institution,
                trace: message.trace, priority: WriteReportJob.priority, messageID: message.id)
        }
    }

    private func scoreMask(_ arguments: [String: JSONValue], _ message: Message) async throws -> ID<JobRecord> {
        let id: ID<ExpertMask> = try Self.id("mask_id", in: arguments)
        return try await database.write { connection in
            guard let mask = try ExpertMaskStore(connection).find(asWorker: id) else {
                throw Refusal(description: "Expert mask not found.")
            }
            return try JobStore(connection).enqueue(
                ScoreMaskJob.self, ScoreMaskJob.Parameters(mask: id), institution: mask.institution,
                trace: message.trace, priority: ScoreMaskJob.priority, messageID: message.id)
        }
    }

    private static func id<Object>(_ name: String, in arguments: [String: JSONValue]) throws -> ID<Object> {
        guard let text = arguments[name]?.asText, let id = ID<Object>(text) else {
            throw Refusal(description: "The keyword argument \(name) must be a UUID.")
        }
        return id
    }
}
