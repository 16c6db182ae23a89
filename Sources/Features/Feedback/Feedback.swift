import Imaging
import Kernel
import Storage

/// A clinician's assessment of a result; later trainings learn from it which masks were good.
package struct Feedback: Sendable, Equatable {
    package let id: ID<Feedback>
    package let caseID: CaseID
    /// The task of the assessed result.
    package let task: ID<InferenceTask>
    /// 1 (useless) to 5 (as I would have drawn it).
    package let rating: Int?
    /// Ratings by region.
    package let ratings: [TumourRegion: Int]
    package let isCorrect: Bool?
    package let comment: String
    /// A full name.
    package let author: String
    package let createdAt: Timestamp
}

extension Feedback: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, caseId, taskId, rating, ratings, isCorrect, comment, createdBy, createdAt
    }

    /// Every key is always present, null without a value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(caseID, forKey: .caseId)
        try container.encode(task, forKey: .taskId)
        try container.encode(rating, forKey: .rating)
        var regions = container.nestedContainer(keyedBy: RegionKey.self, forKey: .ratings)
        for region in TumourRegion.allCases { try regions.encode(ratings[region], forKey: RegionKey(region)) }
        try container.encode(isCorrect, forKey: .isCorrect)
        try container.encode(comment, forKey: .comment)
        try container.encode(author, forKey: .createdBy)
        try container.encode(createdAt, forKey: .createdAt)
    }

    private struct RegionKey: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(_ region: TumourRegion) { stringValue = region.rawValue }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// A client's feedback: at least one of the fields.
package struct FeedbackForm: Decodable, Sendable {
    /// Ratings by region, `whole_tumor` and so on.
    package struct Ratings: Decodable, Sendable {
        package var wholeTumor: FormInteger?
        package var tumorCore: FormInteger?
        package var enhancingTumor: FormInteger?

        package init(
            wholeTumor: FormInteger? = nil, tumorCore: FormInteger? = nil, enhancingTumor: FormInteger? = nil
        ) {
            self.wholeTumor = wholeTumor
            self.tumorCore = tumorCore
            self.enhancingTumor = enhancingTumor
        }
    }

    /// The task of the assessed result; the case's newest result by default.
    package var taskId: String?
    package var rating: FormInteger?
    package var ratings: Ratings?
    package var isCorrect: Bool?
    package var comment: String?

    package init(
        taskId: String? = nil, rating: FormInteger? = nil, ratings: Ratings? = nil, isCorrect: Bool? = nil,
        comment: String? = nil
    ) {
        self.taskId = taskId
        self.rating = rating
        self.ratings = ratings
        self.isCorrect = isCorrect
        self.comment = comment
    }

    private static let commentLimit = 4000

    /// - Throws: a validation error with all errors.
    func checked() throws -> FeedbackContent {
        var check = Validation()
        let comment = check.text("comment", comment, atMost: Self.commentLimit)
        var marks: [TumourRegion: Int] = [:]
        for (region, mark) in [
            (TumourRegion.wholeTumour, ratings?.wholeTumor), (.tumourCore, ratings?.tumorCore),
            (.enhancingTumour, ratings?.enhancingTumor),
        ] {
            marks[region] = mark?.value
        }
        if let rating, !Self.marks.contains(rating.value) { check.add("rating", Self.outOfRange) }
        if !marks.values.allSatisfy(Self.marks.contains) { check.add("ratings", Self.outOfRange) }
        let task = taskId.flatMap { ID<InferenceTask>($0) }
        if taskId != nil && task == nil { check.add("taskId", "Must be a valid UUID.") }
        if rating == nil && marks.isEmpty && isCorrect == nil && comment.isEmpty {
            check.add("non_field_errors", "Enter a rating, a verdict or a comment.")
        }
        try check.finish()
        return FeedbackContent(
            task: task, rating: rating?.value, ratings: marks, isCorrect: isCorrect, comment: comment)
    }

    private static let marks = 1...5
    private static let outOfRange = "Ensure this value is between 1 and 5."
}

/// A validated form.
struct FeedbackContent: Sendable {
    let task: ID<InferenceTask>?
    let rating: Int?
    let ratings: [TumourRegion: Int]
    let isCorrect: Bool?
    let comment: String
}
