import Features
import Imaging

/// A result's measurements in display format.
struct ResultNumbers: Sendable {
    struct Region: Sendable {
        let name: String
        let volume: String
        /// Lesions, parts of the core, enhancing foci; a dash if they were not counted, as for volume and probability
        /// of a region that was not assessed.
        let parts: String
        let confidence: String
        /// A dash if the model does not predict it.
        let predictedDice: String
        /// `Reliable`, the reason why not, or a dash if the result does not state it.
        let note: String
    }

    let model: String
    let reference: String
    let regions: [Region]
    let lesions: [LesionRows]
    let hasLesions: Bool
    /// `nil` if the model has no gate.
    let gates: String?
    let convention: String
    /// The reasons for review.
    let reasons: [String]
    /// Measured on images that have since been replaced.
    let isStale: Bool

    /// - Parameter reasons: the case's stored reasons for this result.
    init(_ found: CaseResult, reasons: [String]?) {
        let result = found.result
        model = result.modelVersion
        reference = result.referenceModality.displayName
        regions = TumourRegion.allCases.map { Region($0, of: result) }
        lesions = result.lesions.map {
            LesionRows($0, regions: TumourRegion.allCases.filter(result.isAssessed), isReliable: result.isReliable)
        }
        hasLesions = !lesions.isEmpty
        let weights = result.availableModalities.compactMap { sequence in
            result.gatingWeights[sequence].map { "\(sequence.displayName) \(QuantityText.coefficient($0).text)" }
        }
        gates = weights.isEmpty ? nil : weights.joined(separator: ", ")
        convention = result.labelConvention
        isStale = found.isStale
        self.reasons = reasons ?? result.review?.reasons ?? []
    }
}

extension SegmentationResult {
    /// False for enhancing tumour if enhancement was not assessed: 0 would be a statement.
    fileprivate func isAssessed(_ region: TumourRegion) -> Bool {
        region != .enhancingTumour || enhancement?.answer != .notAssessed
    }
}

extension ResultNumbers.Region {
    init(_ region: TumourRegion, of result: SegmentationResult) {
        name = region.title
        let isAssessed = result.isAssessed(region)
        volume = isAssessed ? QuantityText.volume(result.volumes[region] ?? 0).value : "–"
        parts = isAssessed ? Self.parts(of: region, in: result.lesions) : "–"
        let found = result.confidenceScores[region].map { QuantityText.coefficient($0).text } ?? "none found"
        confidence = isAssessed ? found : "–"
        predictedDice = result.expectedDice?[region].map { QuantityText.coefficient($0).text } ?? "–"
        let notes = result.reliability.filter { $0.region == region }
        note = notes.first { !$0.isReliable }?.note ?? (notes.isEmpty ? "–" : "Reliable")
    }

    private static func parts(of region: TumourRegion, in lesions: [Lesion]) -> String {
        let counts = lesions.compactMap { $0.measurement(of: region)?.parts.count }
        guard counts.count == lesions.count else { return "–" }
        let count = counts.reduce(0, +)
        let nouns: [TumourRegion: (String, String)] = [
            .wholeTumour: ("lesion", "lesions"), .tumourCore: ("part", "parts"), .enhancingTumour: ("focus", "foci"),
        ]
        guard let (one, many) = nouns[region] else { return String(count) }
        return "\(count) \(count == 1 ? one : many)"
    }
}

/// A lesion as a heading and rows of a table, one for each measured region.
struct LesionRows: Sendable {
    struct Row: Sendable {
        let region: String
        let volume: String
        /// Parts of the core, enhancing foci; empty for the whole tumour, which is one part.
        let parts: String
        let axial: String
        let diameter: String
    }

    /// Number, side, structures of the atlas with at least a tenth of it, and whether it reaches the midline.
    let heading: String
    let rows: [Row]

    init(
        _ lesion: Lesion, regions: [TumourRegion] = TumourRegion.allCases,
        isReliable: (TumourRegion) -> Bool = { _ in true }
    ) {
        let places = lesion.locations.filter { $0.share >= 0.1 }
        let place =
            places.isEmpty
            ? "location not stated"
            : places.map { "\($0.structure.name)\u{A0}\(Format.unbroken(QuantityText.share($0.share).text))" }
                .joined(separator: ", ")
        heading = [
            "Lesion \(lesion.number)", lesion.side.rawValue, place,
            lesion.touchesMidline ? "reaches the midline" : "does not reach the midline",
        ].joined(separator: " · ")
        rows = regions.compactMap { region in
            lesion.measurement(of: region).map { Row($0, of: region, isReliable: isReliable(region)) }
        }
    }
}

extension LesionRows.Row {
    fileprivate init(_ measured: RegionMeasurement, of region: TumourRegion, isReliable: Bool) {
        self.region = isReliable ? region.title : "\(region.title), unreliable"
        volume = QuantityText.volume(measured.volume).value
        let count = measured.parts.count
        let volumes = measured.parts.prefix(3).map { QuantityText.volume($0).value }.joined(separator: ", ")
        let list = count > 3 ? volumes + "\u{A0}…" : volumes
        parts = region == .wholeTumour ? "" : count > 1 ? "\(count) (\(list)\u{A0}ml)" : String(count)
        axial =
            measured.diameters.map { Format.unbroken(QuantityText.lengths($0.axial, $0.perpendicular).value) } ?? "–"
        diameter = measured.diameters.map { QuantityText.length($0.maximum).value } ?? "–"
    }
}

extension TumourRegion {
    /// As in tables.
    fileprivate var title: String {
        switch self {
        case .wholeTumour: "Whole tumour (WT, including oedema)"
        case .tumourCore: "Tumour core (TC)"
        case .enhancingTumour: "Enhancing tumour (ET)"
        }
    }
}
