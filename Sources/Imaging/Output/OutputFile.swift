/// A file of a study's output, named relative to its folder, for example `t1ce/segmentation.nii.gz`.
package struct OutputFile: Codable, Equatable, Sendable {
    package enum Content: String, Codable, CaseIterable, Sendable {
        case labels, region, probabilities, manifest, picture
    }

    package let name: String
    package let content: Content
    package let region: TumourRegion?
    /// The series whose grid it uses; `nil` for files without voxels.
    package let sequence: MRISequence?

    package init(name: String, content: Content, region: TumourRegion? = nil, sequence: MRISequence? = nil) {
        self.name = name
        self.content = content
        self.region = region
        self.sequence = sequence
    }
}

extension OutputFile.Content {
    /// Whether it is a mask or a map.
    package var hasVoxels: Bool {
        switch self {
        case .labels, .region, .probabilities: true
        case .manifest, .picture: false
        }
    }
}
