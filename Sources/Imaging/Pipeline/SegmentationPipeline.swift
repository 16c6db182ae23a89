import Basics

/// Processes a patient's series to masks and measurements, in named, timed stages.
package struct SegmentationPipeline: Sendable {
    private let segmenter: any Segmenter
    private let atlas: AtlasSource
    private let codeVersion: String

    package init(segmenter: any Segmenter, atlas: AtlasSource, codeVersion: String) {
        self.segmenter = segmenter
        self.atlas = atlas
        self.codeVersion = codeVersion
    }

    package var model: ModelIdentity { segmenter.model }

    /// Reports progress up to 0.8; writing the output is the rest.
    ///
    /// - Throws: `ImagingError`; errors about a series name it.
    package func run(
        _ sources: [MRISequence: any SeriesSource], control: WorkControl
    ) throws -> StudyOutput {
        var clock = StageClock(control)
        control.report("Loading the series", 0)
        let (study, series) = try load(sources)
        try study.checkSeries()
        clock.lap("load")
        let aligned = try AlignedStudy(study, control: control.share(0.02...0.1), clock: &clock)
        let (compared, separated) = (aligned.compared, aligned.compared.separated)
        try control.checkCancellation()
        let probabilities = try segmenter.probabilities(of: separated, control: control.share(0.1...0.7))
        clock.lap(probabilities.stages)
        try control.checkCancellation()
        control.report("Measuring", 0.7)
        let atlas = try atlas.atlas()
        let measured = try Measured(
            separated, probabilities, atlas: atlas, control: control.share(0.7...0.8), clock: &clock)
        let overlay = try compared.overlay(within: probabilities.foreground)
        let misplaced = aligned.registered.warnings(besides: overlay.misplaced)
        let result = measured.result(
            of: segmenter,
            warnings: compared.lattice.strippingDoubts(probabilities.brainMask) + misplaced + overlay.warnings,
            isOverlaid: overlay.misplaced.isEmpty && misplaced.isEmpty)
        clock.lap("measure")
        try control.checkCancellation()
        return StudyOutput(
            series: aligned.registered.placing(series), referenceImage: try separated.study.referenceImage,
            probabilities: probabilities,
            masks: measured.masks, result: result, model: segmenter.model, codeVersion: codeVersion,
            atlas: atlas?.digest, registration: aligned.registered.placements, stages: clock.stages)
    }

    private func load(
        _ sources: [MRISequence: any SeriesSource]
    ) throws -> (study: Study, series: [MRISequence: StudyOutput.Series]) {
        let loaded = try sources.sorted { $0.key < $1.key }.concurrentMap { sequence, source in
            try ImagingError.naming(source.name ?? sequence.displayName) {
                try LoadedSeries(sequence, from: source)
            }
        }
        return (
            try Study(images: Dictionary(uniqueKeysWithValues: loaded.map { ($0.sequence, $0.image) })),
            Dictionary(uniqueKeysWithValues: loaded.map { ($0.sequence, $0.kept) })
        )
    }
}

/// A series as loaded from its source.
private struct LoadedSeries: Sendable {
    let sequence: MRISequence
    let image: Image
    /// The part kept in the output.
    let kept: StudyOutput.Series

    init(_ sequence: MRISequence, from source: any SeriesSource) throws {
        self.sequence = sequence
        image = try source.load()
        kept = StudyOutput.Series(grid: image.grid, digest: try source.digest(), forms: try source.forms())
    }
}

/// The measurements of one study.
private struct Measured {
    let masks: RegionMasks
    private let study: Study
    private let probabilities: TumourProbabilities
    private let lesions: [Lesion]
    private let fit: AtlasFit
    private let review: Review

    init(
        _ separated: SeparatedStudy, _ probabilities: TumourProbabilities, atlas: Atlas?, control: WorkControl,
        clock: inout StageClock
    ) throws {
        let study = separated.study
        let reference = try study.referenceImage
        self.study = study
        self.probabilities = probabilities
        masks = try RegionMasks(probabilities, on: reference.grid).withoutSpecks()
        guard let tumour = masks.masks[.wholeTumour] else {
            throw ImagingError(.internalFault, "The mask of the whole tumour is missing.")
        }
        let foreground = probabilities.foreground
        // Voxels that the brain network excluded are not compared.
        let isCut = probabilities.brainMask != separated.foreground.brainMask
        let images = try study.images.mapValues { isCut ? try $0.without(outside: foreground) : $0 }
        let alignment = try atlas.flatMap { atlas in
            try AtlasAlignment(
                images[study.reference] ?? reference, foreground: foreground,
                isSkullStripped: probabilities.brainMask != .none, tumour: tumour, to: atlas, control: control)
        }
        let good = alignment.flatMap { $0.isGood ? $0 : nil }
        let contrasts = try study.sequences.concurrentMap { sequence in
            (sequence, try images[sequence].flatMap { try good?.contrast(of: $0, without: tumour) })
        }
        clock.lap("align")
        lesions = try LesionMeasurer(probabilities, masks, alignment: good).lesions()
        fit = AtlasFit(
            status: atlas == nil ? .notInstalled : good == nil ? .notAligned : .aligned, fit: alignment?.fit)
        review = Review(
            atlas: fit, brainMask: probabilities.brainMask,
            brainVolume: Double(foreground.setVoxelCount) * foreground.grid.voxelVolume / 1000,
            contrasts: Dictionary(
                uniqueKeysWithValues: contrasts.compactMap { name, found in found.map { (name, $0) } }),
            comparison: try SeriesComparison(images, within: foreground),
            hasLesions: !lesions.isEmpty, expectedDice: probabilities.expectedDice,
            reviewBelow: probabilities.reviewBelow, enhancement: probabilities.enhancement)
    }

    /// The mean probability of each region's voxels; regions without voxels are missing.
    private var confidences: [TumourRegion: Double] {
        var found: [TumourRegion: Double] = [:]
        for (region, mask) in masks.masks {
            guard let map = probabilities.regions[region] else { continue }
            var sum = 0.0
            var count = 0.0
            for (index, value) in mask.values.enumerated() where value != 0 {
                sum += Double(map.values[index])
                count += 1
            }
            if count > 0 { found[region] = sum / count }
        }
        return found
    }

    /// - Parameters:
    ///   - warnings: reasons for review that do not come from the measurements.
    ///   - isOverlaid: whether the series overlay each other.
    func result(of segmenter: any Segmenter, warnings: [String], isOverlaid: Bool) -> SegmentationResult {
        let model = segmenter.model
        let review = Review(reasons: warnings + review.reasons)
        let notes = ReliabilityNote.notes(
            sequences: study.sequences, brainMask: probabilities.brainMask, expectedDice: probabilities.expectedDice,
            reviewBelow: probabilities.reviewBelow, enhancement: probabilities.enhancement, isOverlaid: isOverlaid)
        var list = FindingList()
        list.add(sequences: study.sequences)
        list.add(volumes: masks.volumes, confidences: confidences)
        list.add(expectedDice: probabilities.expectedDice)
        list.add(enhancement: probabilities.enhancement)
        list.add(lesions: lesions)
        list.add(brainMask: probabilities.brainMask)
        list.add(atlas: fit)
        list.add(review: review)
        list.add(notes: notes)
        return SegmentationResult(
            volumes: masks.volumes, confidenceScores: confidences, maskFiles: [], structuredFindings: list.findings,
            lesions: lesions, gatingWeights: probabilities.gatingWeights, availableModalities: study.sequences,
            referenceModality: study.reference, reliability: notes, brainMask: probabilities.brainMask,
            atlas: fit, review: review, expectedDice: probabilities.expectedDice,
            enhancement: probabilities.enhancement,
            modelVersion: "\(model.name) \(model.version)", device: segmenter.device)
    }
}
