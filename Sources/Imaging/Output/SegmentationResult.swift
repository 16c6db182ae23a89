/// The API's `result`: the measurements of a study, with the names that existing clients rely on.
package struct SegmentationResult: Codable, Equatable, Sendable {
    /// mm³ by region, counted on the reference series' own voxels.
    package let volumes: [TumourRegion: Double]
    /// ml by region: the same values divided by 1000.
    package let volumesMillilitres: [TumourRegion: Double]
    /// The mean probability of a region's voxels, 0...1; regions without voxels are missing.
    package let confidenceScores: [TumourRegion: Double]
    /// Empty until they have been written.
    package internal(set) var maskFiles: [OutputFile]
    /// `nil` in the stored document, whose findings are stored as rows.
    private var findings: [Finding]?
    package let lesions: [Lesion]
    package let gatingWeights: [MRISequence: Double]
    package let availableModalities: [MRISequence]
    package let referenceModality: MRISequence
    package let reliability: [ReliabilityNote]
    package let labelConvention: String
    package let isSkullStripped: Bool
    /// `nil` in results of versions that supported only a given mask.
    package let brainMask: BrainMask?
    /// `nil` in results of versions without an atlas.
    package let atlas: AtlasFit?
    /// `nil` in results of versions without review.
    package let review: Review?
    /// Predicted Dice (estimated overlap with an expert segmentation) by region; `nil` in results of versions without
    /// prediction.
    package let expectedDice: [TumourRegion: Double]?
    /// Whether any part enhances; `nil` in results of versions that did not assess it.
    package let enhancement: Enhancement?
    package let modelVersion: String
    package let device: String

    package init(
        volumes: [TumourRegion: Double], confidenceScores: [TumourRegion: Double], maskFiles: [OutputFile],
        structuredFindings: [Finding], lesions: [Lesion], gatingWeights: [MRISequence: Double],
        availableModalities: [MRISequence], referenceModality: MRISequence, reliability: [ReliabilityNote],
        brainMask: BrainMask, atlas: AtlasFit? = nil, review: Review? = nil,
        expectedDice: [TumourRegion: Double]? = nil, enhancement: Enhancement? = nil, modelVersion: String,
        device: String
    ) {
        self.volumes = volumes
        self.volumesMillilitres = volumes.mapValues { $0 / 1000 }
        self.confidenceScores = confidenceScores
        self.maskFiles = maskFiles
        findings = structuredFindings
        self.lesions = lesions
        self.gatingWeights = gatingWeights
        self.availableModalities = availableModalities
        self.referenceModality = referenceModality
        self.reliability = reliability
        self.labelConvention = Self.labelConvention
        isSkullStripped = brainMask == .given
        self.brainMask = brainMask
        self.atlas = atlas
        self.review = review
        self.expectedDice = expectedDice
        self.enhancement = enhancement
        self.modelVersion = modelVersion
        self.device = device
    }

    /// Numbered in the order of the report.
    package var structuredFindings: [Finding] { findings ?? [] }

    /// The stored part of the result, without its findings.
    package var document: SegmentationResult {
        var copy = self
        copy.findings = nil
        return copy
    }

    /// The result composed of a stored document and its findings.
    package func with(findings: [Finding]) -> SegmentationResult {
        var copy = self
        copy.findings = findings
        return copy
    }

    /// Whether the case's mask of a region is reliable; true in results of versions without notes.
    package func isReliable(_ region: TumourRegion) -> Bool {
        !reliability.contains { $0.region == region && !$0.isReliable }
    }

    package static let labelConvention = "BraTS 2023: 1 NCR (necrotic core), 2 ED (oedema), 3 ET (enhancing tumour)"

    private enum CodingKeys: String, CodingKey {
        case volumes
        case volumesMillilitres = "volumes_ml"
        case confidenceScores = "confidence_scores"
        case maskFiles = "mask_files"
        case findings = "structured_findings"
        case lesions
        case gatingWeights = "gating_weights"
        case availableModalities = "available_modalities"
        case referenceModality = "reference_modality"
        case reliability
        case labelConvention = "label_convention"
        case isSkullStripped = "skull_stripped"
        case brainMask = "brain_mask"
        case atlas, review, enhancement
        case expectedDice = "expected_dice"
        case modelVersion = "model_version"
        case device
    }
}

/// What the available sequences allow for a region.
package struct ReliabilityNote: Codable, Equatable, Sendable {
    package let region: TumourRegion
    package let isReliable: Bool
    /// One sentence for the report and the page.
    package let note: String

    package init(region: TumourRegion, isReliable: Bool, note: String) {
        self.region = region
        self.isReliable = isReliable
        self.note = note
    }

    private enum CodingKeys: String, CodingKey {
        case region
        case isReliable = "reliable"
        case note
    }
}
