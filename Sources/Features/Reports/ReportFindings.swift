import Imaging

/// A result's findings for composing a report. They determine which sentences there are; a sentence reads its values
/// through a `FindingReader`, so that it cites exactly what it states.
struct ReportFindings {
    /// The parts of a region: parts of the core, enhancing foci.
    enum Parts {
        case none, one, several
    }

    fileprivate let all: [Finding]
    /// The numbers of the lesions, largest first.
    let lesions: [Int]

    init(_ findings: [Finding]) {
        all = findings
        lesions = Set(findings.compactMap(\.lesion)).sorted()
    }

    /// False if one answer for the case replaces the volumes of enhancing tumour.
    var isEnhancementSegmented: Bool {
        first(.enhancement)?.term.map { $0 == Enhancement.Answer.segmented.rawValue } ?? true
    }

    /// `nil` if the region's parts were not counted, as in earlier versions.
    func parts(of region: TumourRegion, lesion: Int? = nil) -> Parts? {
        first(.partCount, region, lesion)?.quantity.map { $0 == 0 ? .none : $0 == 1 ? .one : .several }
    }

    /// The sentence that `words` compose from the findings they read; `nil` if they return none.
    func sentence(
        _ section: ReportDraft.Section, _ words: (inout FindingReader) -> String?
    ) -> ReportDraft.Sentence? {
        var reader = FindingReader(findings: self)
        return words(&reader).map { ReportDraft.Sentence(section: section, text: $0, findings: reader.cited) }
    }

    /// A sentence for each finding of a kind for which `words` return one.
    func sentences(
        _ section: ReportDraft.Section, each kind: Finding.Kind, _ words: (Finding) -> String?
    ) -> [ReportDraft.Sentence] {
        all.filter { $0.kind == kind }.compactMap { finding in
            words(finding).map { ReportDraft.Sentence(section: section, text: $0, findings: [finding.id]) }
        }
    }

    /// - Parameter region: `nil` for any.
    fileprivate func first(_ kind: Finding.Kind, _ region: TumourRegion? = nil, _ lesion: Int? = nil) -> Finding? {
        all.first { $0.kind == kind && $0.lesion == lesion && (region == nil || $0.measuredRegion == region) }
    }

    /// The opposite note is a separate sentence.
    func isReliable(_ region: TumourRegion) -> Bool {
        !all.contains { $0.kind == .reliability && $0.region == region && $0.quantity == 0 }
    }
}

/// Reads the findings of one sentence as text and records them. Missing measurements are `nil` and not cited.
struct FindingReader {
    private let findings: ReportFindings
    /// The ids in reading order.
    private(set) var cited: [String] = []

    fileprivate init(findings: ReportFindings) {
        self.findings = findings
    }

    /// Cites a finding that the sentence refers to without stating it.
    mutating func cite(_ kind: Finding.Kind, _ region: TumourRegion? = nil, lesion: Int? = nil) {
        _ = read(findings.first(kind, region, lesion))
    }

    /// The names of the sequences.
    mutating func sequences() -> [String] {
        read(findings.first(.sequencesPresent))?.term?.split(separator: ",").map { String($0).trimmed } ?? []
    }

    mutating func lesionCount() -> Double? { read(findings.first(.lesionCount))?.quantity }

    /// Measurements of an unreliable mask are never stated as plain facts.
    ///
    /// - Parameter lesion: `nil` for all together.
    mutating func volume(_ region: TumourRegion, lesion: Int? = nil) -> String? {
        guard let volume = read(findings.first(lesion == nil ? .volume : .lesionVolume, region, lesion))?.quantity
        else { return nil }
        let text = QuantityText.volume(volume).text
        return findings.isReliable(region) ? text : "\(text) (unreliable)"
    }

    /// `axial 66 × 40 mm, largest diameter 70 mm`
    mutating func size(_ region: TumourRegion, lesion: Int) -> String? {
        guard let maximum = read(findings.first(.maximumDiameter, region, lesion))?.quantity,
            let axial = read(findings.first(.axialDiameter, region, lesion))?.quantity,
            let perpendicular = read(findings.first(.perpendicularDiameter, region, lesion))?.quantity
        else { return nil }
        return "axial \(QuantityText.lengths(axial, perpendicular).text), "
            + "largest diameter \(QuantityText.length(maximum).text)"
    }

    mutating func partCount(_ region: TumourRegion, lesion: Int? = nil) -> Double? {
        read(findings.first(.partCount, region, lesion))?.quantity
    }

    /// Volumes of the largest parts, and whether there are more.
    mutating func partVolumes(_ region: TumourRegion, lesion: Int, limit: Int) -> (texts: [String], isCut: Bool) {
        let parts = findings.all.filter { $0.kind == .partVolume && $0.region == region && $0.lesion == lesion }
        let texts = parts.prefix(limit).compactMap { read($0)?.quantity }.map { QuantityText.volume($0).text }
        return (texts, parts.count > limit)
    }

    mutating func side(lesion: Int) -> Lesion.Side? {
        read(findings.first(.side, nil, lesion))?.term.flatMap(Lesion.Side.init)
    }

    /// Structures of the atlas with their shares of the lesion.
    mutating func places(lesion: Int, from least: Double) -> [String] {
        let places = findings.all.filter { $0.kind == .location && $0.lesion == lesion && ($0.quantity ?? 0) >= least }
        return places.compactMap { place in
            guard let share = read(place)?.quantity, let name = place.term else { return nil }
            return "\(name) \(QuantityText.share(share).text)"
        }
    }

    /// Whether the lesion reaches the midline or the cortical surface.
    mutating func contact(_ kind: Finding.Kind, lesion: Int) -> Bool? {
        read(findings.first(kind, nil, lesion))?.term.map { $0 == "yes" }
    }

    mutating func enhancement() -> Enhancement? {
        guard let found = read(findings.first(.enhancement)),
            let answer = found.term.flatMap(Enhancement.Answer.init)
        else { return nil }
        return Enhancement(answer, probability: found.quantity)
    }

    /// `whole tumour 0.92`, for each region that has one.
    mutating func predictedDice() -> [String] {
        findings.all.filter { $0.kind == .expectedDice }.compactMap { finding in
            guard let dice = read(finding)?.quantity, let region = finding.region else { return nil }
            return "\(region.displayName) \(QuantityText.coefficient(dice).text)"
        }
    }

    private mutating func read(_ finding: Finding?) -> Finding? {
        if let id = finding?.id, !cited.contains(id) { cited.append(id) }
        return finding
    }
}
