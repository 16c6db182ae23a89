/// Turns measurements into numbered findings, in the order of the report.
struct FindingList {
    private(set) var findings: [Finding] = []

    private mutating func add(
        _ kind: Finding.Kind, region: TumourRegion? = nil, lesion: Int? = nil, _ quantity: Double? = nil,
        _ unit: String? = nil, term: String? = nil
    ) {
        findings.append(
            Finding(
                id: "F\(findings.count + 1)", kind: kind, region: region, lesion: lesion, quantity: quantity,
                unit: unit,
                term: term))
    }

    mutating func add(sequences: [MRISequence]) {
        add(.sequencesPresent, term: sequences.map(\.displayName).joined(separator: ", "))
    }

    mutating func add(volumes: [TumourRegion: Double], confidences: [TumourRegion: Double]) {
        for region in TumourRegion.allCases {
            add(.volume, region: region, volumes[region] ?? 0, "mm3")
            if let confidence = confidences[region] { add(.confidence, region: region, confidence, "1") }
        }
    }

    mutating func add(expectedDice: [TumourRegion: Double]) {
        for region in TumourRegion.allCases {
            if let dice = expectedDice[region] { add(.expectedDice, region: region, dice, "1") }
        }
    }

    mutating func add(enhancement: Enhancement?) {
        guard let enhancement else { return }
        add(
            .enhancement, region: .enhancingTumour, enhancement.probability, enhancement.probability.map { _ in "1" },
            term: enhancement.answer.rawValue)
    }

    mutating func add(lesions: [Lesion]) {
        add(.lesionCount, Double(lesions.count), "1")
        for region in Self.inner {
            let counts = lesions.compactMap { $0.regions?[region]?.parts.count }
            if counts.count == lesions.count { add(.partCount, region: region, Double(counts.reduce(0, +)), "1") }
        }
        for lesion in lesions { add(lesion) }
    }

    mutating func add(brainMask: BrainMask) {
        add(.brainMask, term: brainMask.rawValue)
    }

    mutating func add(atlas: AtlasFit) {
        add(.atlasFit, atlas.fit, "1", term: atlas.status.rawValue)
    }

    mutating func add(review: Review) {
        for reason in review.reasons { add(.review, term: reason) }
    }

    mutating func add(notes: [ReliabilityNote]) {
        for note in notes { add(.reliability, region: note.region, note.isReliable ? 1 : 0, "1", term: note.note) }
    }

    private mutating func add(_ lesion: Lesion) {
        let number = lesion.number
        for region in TumourRegion.allCases {
            add(.lesionVolume, region: region, lesion: number, lesion.volumes[region] ?? 0, "mm3")
            if let measured = lesion.measurement(of: region) { add(measured, of: region, lesion: number) }
        }
        add(.side, lesion: number, term: lesion.side.rawValue)
        for location in lesion.locations {
            add(.location, lesion: number, location.share, "1", term: location.structure.name)
        }
        add(.midlineContact, lesion: number, term: lesion.touchesMidline ? "yes" : "no")
        if let touches = lesion.touchesCortex { add(.cortexContact, lesion: number, term: touches ? "yes" : "no") }
    }

    /// The regions that consist of parts; a lesion is one connected component of the whole tumour.
    private static let inner = [TumourRegion.tumourCore, .enhancingTumour]

    private mutating func add(_ measured: RegionMeasurement, of region: TumourRegion, lesion: Int) {
        if Self.inner.contains(region) {
            add(.partCount, region: region, lesion: lesion, Double(measured.parts.count), "1")
            for (index, volume) in measured.parts.enumerated() where measured.parts.count > 1 {
                add(.partVolume, region: region, lesion: lesion, volume, "mm3", term: String(index + 1))
            }
        }
        guard let diameters = measured.diameters else { return }
        add(.maximumDiameter, region: region, lesion: lesion, diameters.maximum, "mm")
        add(.axialDiameter, region: region, lesion: lesion, diameters.axial, "mm")
        add(.perpendicularDiameter, region: region, lesion: lesion, diameters.perpendicular, "mm")
        add(.bidimensionalProduct, region: region, lesion: lesion, diameters.product, "mm2")
    }
}
