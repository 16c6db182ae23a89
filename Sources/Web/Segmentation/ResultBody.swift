import Features
import Imaging
import Kernel

/// A result as in the API, with URLs of its files.
struct ResultBody: Encodable {
    /// A file of a result.
    struct File: Encodable {
        let name: String
        let content: String
        let region: TumourRegion?
        let sequence: MRISequence?
        /// Absolute, signed, valid for FILE_URL_LIFETIME.
        let url: String
        let size: Int64
        let sha256: String
    }

    private let result: SegmentationResult
    private let caseID: String
    private let isStale: Bool
    private let files: [File]
    let pictures: [File]

    init(_ result: CaseResult, _ scope: Scope, _ links: FilesService, base: String) {
        self.result = result.result
        caseID = result.caseID.string
        isStale = result.isStale
        let all = result.files.map { file in
            File(
                name: file.name, content: file.content.rawValue, region: file.region, sequence: file.sequence,
                url: base + links.path(scope, file), size: file.size, sha256: file.sha256)
        }
        files = all.filter { $0.content != OutputFile.Content.picture.rawValue }
        pictures = all.filter { $0.content == OutputFile.Content.picture.rawValue }
    }

    private enum CodingKeys: String, CodingKey {
        case caseId
        case files = "mask_files"
        case isStale = "images_changed"
    }

    func encode(to encoder: any Encoder) throws {
        try result.encode(to: encoder)
        // Replaces the bare names that the result encodes.
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(files, forKey: .files)
        try container.encode(caseID, forKey: .caseId)
        try container.encode(isStale, forKey: .isStale)
    }
}

/// A task as in the API, with its result if completed.
struct TaskBody: Encodable {
    let task: InferenceTask
    let result: ResultBody?

    private enum CodingKeys: CodingKey {
        case result
    }

    func encode(to encoder: any Encoder) throws {
        try task.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(result, forKey: .result)
    }
}
