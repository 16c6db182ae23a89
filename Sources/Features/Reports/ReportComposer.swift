import Imaging

/// Writes a report draft from measured findings alone: the same result gives the same text. It names no diagnosis and no grade.
package struct ReportComposer {
    private let result: SegmentationResult
    private var sentences: [ReportDraft.Sentence] = []

    package static func compose(_ result: SegmentationResult) -> ReportDraft {
        var composer = ReportComposer(result)
        composer.addTechnique()
        composer.addOverview()
        for lesion in result.lesions { composer.add(lesion) }
        composer.addImpression()
        composer.addLimits()
        return ReportDraft(sentences: composer.sentences)
    }

    /// The draft after the check of its claims has found nothing.
    ///
    /// - Throws: an internal fault where a sentence says what its findings do not; then no report is written.
    package static func checked(_ result: SegmentationResult) throws -> ReportDraft {
        let draft = compose(result)
        if let fault = draft.faults(against: result.structuredFindings).first {
            throw AppError(
                .internalFault, "The report draft was held back: it says what was not measured.", cause: fault)
        }
        return draft
    }

    private init(_ result: SegmentationResult) {
        self.result = result
    }

    private func ids(
        _ kinds: Finding.Kind..., region: TumourRegion? = nil, lesion: Int? = nil
    ) -> [String] {
        result.structuredFindings.filter {
            kinds.contains($0.kind) && $0.lesion == lesion && (region == nil || $0.measuredRegion == region)
        }.map(\.id)
    }

    private mutating func say(_ section: ReportDraft.Section, _ text: String, _ findings: [String]) {
        sentences.append(ReportDraft.Sentence(section: section, text: text, findings: findings))
    }

    private mutating func addTechnique() {
        let present = result.availableModalities
        let absent = MRISequence.allCases.filter { !present.contains($0) }
        let missing = absent.isEmpty ? "" : " Not available: \(Self.list(absent.map(\.displayName)))."
        say(
            .technique,
            "Brain MRI with \(Self.list(present.map(\.displayName))). Automatic segmentation by \(result.modelVersion), "
                + "measured on the \(result.referenceModality.displayName) series.\(missing)",
            ids(.sequencesPresent))
    }

    // MARK: Findings

    /// How many lesions there are, and what all of them together measure.
    private mutating func addOverview() {
        let count = result.lesions.count
        let text =
            switch count {
            case 0: "No lesion of at least \(MeasurementLimits.minimumVolumeText)."
            case 1: "One lesion."
            default: "\(count) lesions of at least \(MeasurementLimits.minimumVolumeText)."
            }
        say(.findings, text, ids(.lesionCount))
        for region in TumourRegion.allCases {
            if region == .enhancingTumour, let enhancement = result.enhancement, !enhancement.isSegmented {
                addNoEnhancement(enhancement)
                continue
            }
            let volume = stated(region, result.volumes[region] ?? 0)
            let parts = count > 1 ? Self.inParts(region, result.partCount(of: region)) : ""
            say(
                .findings, "\(Self.title(region)): \(volume)\(parts).",
                ids(.volume, region: region) + (parts.isEmpty ? [] : ids(.partCount, region: region)))
        }
    }

    private mutating func addNoEnhancement(_ enhancement: Enhancement) {
        guard let sentence = enhancement.sentence else { return }
        say(.findings, "\(sentence).", ids(.enhancement))
    }

    /// What is measured on a mask that may not be relied on is never stated as a plain fact.
    private func stated(_ region: TumourRegion, _ cubicMillimetres: Double) -> String {
        let text = QuantityText.volume(cubicMillimetres).text
        return cubicMillimetres == 0 || result.isReliable(region) ? text : "\(text) (unreliable)"
    }

    /// ` in 2 parts`; empty where nothing was counted.
    private static func inParts(_ region: TumourRegion, _ count: Double?) -> String {
        guard let count, count > 0, let noun = noun(region, count) else { return "" }
        return " in \(QuantityText.count(count).text) \(noun)"
    }

    private static func noun(_ region: TumourRegion, _ count: Double) -> String? {
        switch region {
        case .wholeTumour: nil
        case .tumourCore: count == 1 ? "part" : "parts"
        case .enhancingTumour: count == 1 ? "focus" : "foci"
        }
    }

    private mutating func add(_ lesion: Lesion) {
        let number = lesion.number
        addWhole(lesion)
        add(.tumourCore, of: lesion)
        if result.enhancement?.isSegmented != false { add(.enhancingTumour, of: lesion) }
        addPlace(lesion)
        say(
            .findings, lesion.touchesMidline ? "Reaches the midline." : "Does not reach the midline.",
            ids(.midlineContact, lesion: number))
        if let touches = lesion.touchesCortex {
            let reach = MeasurementLimits.cortexReachText
            say(
                .findings,
                touches
                    ? "Abuts the cortical surface (≤ \(reach))." : "Does not abut the cortical surface (> \(reach)).",
                ids(.cortexContact, lesion: number))
        }
    }

    private mutating func addWhole(_ lesion: Lesion) {
        let number = lesion.number
        var text = "Lesion \(number): \(Self.side(lesion.side)), "
        text += "\(stated(.wholeTumour, lesion.volumes[.wholeTumour] ?? 0)) including oedema"
        var findings = ids(.side, lesion: number) + ids(.lesionVolume, region: .wholeTumour, lesion: number)
        if let diameters = lesion.measurement(of: .wholeTumour)?.diameters {
            text += ", \(Self.size(diameters))"
            findings += sizes(.wholeTumour, number)
        }
        say(.findings, text + ".", findings)
    }

    private mutating func add(_ region: TumourRegion, of lesion: Lesion) {
        guard let measured = lesion.measurement(of: region) else { return }
        let name = region == .tumourCore ? "Core" : "Enhancing component"
        let volume = ids(.lesionVolume, region: region, lesion: lesion.number)
        let counted = ids(.partCount, region: region, lesion: lesion.number)
        guard let diameters = measured.diameters else {
            let none = region == .tumourCore ? "No core" : "No enhancing component"
            say(.findings, "\(none) of at least \(MeasurementLimits.minimumVolumeText).", counted)
            return
        }
        var text = "\(name): \(stated(region, measured.volume))"
        var findings = volume + sizes(region, lesion.number)
        let count = measured.parts.count
        if count > 1 {
            let parts = measured.parts.prefix(Self.statedParts).map { QuantityText.volume($0).text }
            let first = count > parts.count ? "largest " : ""
            text += "\(Self.inParts(region, Double(count))) (\(first)\(Self.list(parts)))"
            findings += counted
            findings += ids(.partVolume, region: region, lesion: lesion.number).prefix(parts.count)
        }
        let subject = count > 1 ? "largest \(Self.noun(region, 1) ?? "") " : ""
        say(.findings, "\(text), \(subject)\(Self.size(diameters)).", findings)
    }

    /// How many parts' volumes a sentence lists.
    private static let statedParts = 3

    private func sizes(_ region: TumourRegion, _ lesion: Int) -> [String] {
        ids(.maximumDiameter, .axialDiameter, .perpendicularDiameter, region: region, lesion: lesion)
    }

    private static func size(_ diameters: RegionMeasurement.Diameters) -> String {
        let axial = QuantityText.lengths(diameters.axial, diameters.perpendicular).text
        return "axial \(axial), largest diameter \(QuantityText.length(diameters.maximum).text)"
    }

    /// Structures that hold at least a tenth of the lesion.
    private mutating func addPlace(_ lesion: Lesion) {
        let places = result.structuredFindings.filter {
            $0.kind == .location && $0.lesion == lesion.number && ($0.quantity ?? 0) >= 0.1
        }
        guard !places.isEmpty else { return }
        let names = places.map { "\($0.term ?? "") \(QuantityText.share($0.quantity ?? 0).text)" }
        say(.findings, "Location (atlas): \(names.joined(separator: ", ")).", places.map(\.id))
    }

    // MARK: Impression

    private mutating func addImpression() {
        for finding in result.structuredFindings where finding.kind == .review {
            if let reason = finding.term { say(.impression, "Needs review: \(reason)", [finding.id]) }
        }
        guard let largest = result.lesions.first else {
            say(.impression, "No tumour segmented; this does not exclude one.", ids(.lesionCount))
            return
        }
        let count = result.lesions.count
        let what = count == 1 ? "One lesion" : "\(count) lesions"
        let side = count == 1 ? Self.side(largest.side) : "the largest in \(Self.place(largest.side))"
        let volumes = TumourRegion.allCases.map { stated($0, result.volumes[$0] ?? 0) }
        let enhancing = result.enhancement?.clause ?? "enhancing component \(volumes[2])"
        say(
            .impression,
            "\(what) segmented as tumour, \(side): \(volumes[0]) including oedema, core \(volumes[1]), \(enhancing).",
            ids(.lesionCount) + ids(.side, lesion: largest.number) + ids(.volume) + ids(.enhancement))
    }

    // MARK: Limits

    private mutating func addLimits() {
        for note in result.structuredFindings where note.kind == .reliability && note.quantity == 0 {
            if let term = note.term { say(.limits, term, [note.id]) }
        }
        addPredictedDice()
        for finding in result.structuredFindings where finding.kind == .brainMask && finding.term == "found" {
            say(
                .limits,
                "Skull stripped automatically; the mask edge at the brain surface requires visual review.",
                [finding.id])
        }
        for finding in result.structuredFindings where finding.kind == .atlasFit && finding.term != "aligned" {
            say(.limits, "No lobe named: the images could not be aligned with an atlas.", [finding.id])
        }
        say(
            .limits,
            "Automatic draft for research. Masks require visual review. No conclusion on tumour type or grade can be drawn.",
            ids(.lesionCount))
    }

    private mutating func addPredictedDice() {
        let predicted = result.structuredFindings.filter { $0.kind == .expectedDice }
        guard !predicted.isEmpty else { return }
        let values = predicted.compactMap { finding in
            finding.region.map { "\($0.displayName) \(QuantityText.coefficient(finding.quantity ?? 0).text)" }
        }
        say(
            .limits,
            "Predicted Dice (estimated overlap with an expert segmentation): \(values.joined(separator: ", ")).",
            predicted.map(\.id))
    }

    // MARK: Words

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    private static func side(_ side: Lesion.Side) -> String {
        switch side {
        case .left: "left hemisphere"
        case .right: "right hemisphere"
        case .midline: "both hemispheres"
        }
    }

    private static func place(_ side: Lesion.Side) -> String {
        side == .midline ? Self.side(side) : "the \(Self.side(side))"
    }

    private static func title(_ region: TumourRegion) -> String {
        switch region {
        case .wholeTumour: "Whole tumour (including oedema)"
        case .tumourCore: "Tumour core"
        case .enhancingTumour: "Enhancing tumour"
        }
    }
}

extension SegmentationResult {
    /// In all lesions together.
    fileprivate func partCount(of region: TumourRegion) -> Double? {
        structuredFindings.first { $0.kind == .partCount && $0.region == region && $0.lesion == nil }?.quantity
    }
}

extension Enhancement {
    /// `clause` as a sentence of its own, without its full stop, with the probability where one is known.
    var sentence: String? {
        clause.map { clause in
            let probability = probability.map {
                " (estimated probability of enhancement \(QuantityText.coefficient($0).text))"
            }
            return "\(clause.prefix(1).uppercased())\(clause.dropFirst())\(probability ?? "")"
        }
    }
}
