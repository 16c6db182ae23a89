import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

/// A segmentation that the server has accepted.
struct AcceptedTask: Sendable {
    let id: String
    let caseID: String
}

/// A client that repeats what was not answered.
extension FaultSite {
    /// A new case with an image and a requested segmentation.
    func acceptedTask() async throws -> AcceptedTask {
        let form = #"{"patientId": "\#(UUID().uuidString.prefix(8))", "age": 50, "sex": "F"}"#
        let item = try #require(
            try await answered { try await call("POST", "/api/cases/", body: Data(form.utf8), as: token, timeout: 20) }[
                "caseId"])
        let image = try await answered {
            try await upload(HeadPhantom.nifti(), name: "t1ce.nii", to: item, as: token)
        }
        #expect((200...201).contains(image.status), "\(image.text)")
        while true {
            if let id = try await start(item) { return AcceptedTask(id: id, caseID: item) }
        }
    }

    /// - Returns: `nil` if the server neither accepted the request nor knows of a task.
    private func start(_ caseID: String) async throws -> String? {
        let key = UUID().uuidString
        let answer = try await answered {
            try await call(
                "POST", "/api/inference/", body: Data(#"{"caseId": "\#(caseID)"}"#.utf8), as: token,
                headers: ["Idempotency-Key": key], timeout: 20)
        }
        if answer.status == 202 { return answer["id"] }
        // The server was killed between the work and its response (docs/decisions/0412).
        #expect(answer.status == 409, "\(answer.text)")
        let list = try await answered {
            try await call("GET", "/api/inference/?caseId=\(caseID)", as: token, timeout: 20)
        }
        let tasks = try JSONSerialization.jsonObject(with: list.data) as? [[String: Any]]
        return tasks?.first?["id"] as? String
    }

    /// The response to a request that is repeated until the server gives one.
    func answered(_ request: () async throws -> LocalAnswer) async throws -> LocalAnswer {
        let end = ContinuousClock.now + .seconds(240)
        while true {
            if let answer = try? await request(), answer.status < 500 { return answer }
            try #require(ContinuousClock.now < end, "no response: \(said(.server))")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Keeps `count` segmentations unfinished while `body` runs.
    ///
    /// - Returns: all that were accepted.
    func withLoad(
        of count: Int, _ body: @Sendable (_ accepted: @Sendable () -> [AcceptedTask]) async throws -> Void
    ) async throws -> [AcceptedTask] {
        let accepted = Locked<[AcceptedTask]>([])
        let isOver = Locked(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while !isOver.value {
                    if try await unfinished(.imaging) < count {
                        let task = try await acceptedTask()
                        accepted.withLock { $0.append(task) }
                    }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            do {
                try await body { accepted.value }
            } catch {
                group.cancelAll()
                throw error
            }
            isOver.withLock { $0 = true }
            try await group.waitForAll()
        }
        return accepted.value
    }
}
