import Foundation

/// What a run of the pipeline gives; its files lie in the output folder.
package struct SegmentationOutcome: Sendable {
    package let result: SegmentationResult
    package let manifest: RunManifest
}

/// From a patient's series to masks and measurements, in named stages that are timed.
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

    /// Writes `segmentation.nii.gz`, `wt/tc/et.nii.gz` and `probabilities.nii.gz` on the reference's grid,
    /// `<sequence>/segmentation.nii.gz` on each series' own, `result.json` and `manifest.json` below `output`.
    ///
    /// - Parameter names: what errors call the series; else by their sequences.
    /// - Throws: `ImagingError`; what was written so far is the caller's to remove.
    package func run(
        series: [MRISequence: URL], names: [MRISequence: String] = [:], output: URL, control: WorkControl
    ) throws -> SegmentationOutcome {
        var clock = StageClock()
        control.report("Loading the series", 0)
        let loaded = try series.sorted { $0.key < $1.key }.concurrentMap { sequence, file in
            (
                sequence,
                try ImagingError.naming(names[sequence] ?? sequence.displayName) { try NIfTIFile.readImage(file) },
                RunManifest.Input(sequence: sequence, sha256: try RunManifest.digest(of: file))
            )
        }
        let study = try Study(images: Dictionary(uniqueKeysWithValues: loaded.map { ($0.0, $0.1) }))
        let inputs = loaded.map(\.2)
        try study.checkSeries()
        clock.lap("load")
        let separated = try SeparatedStudy(study)
        let lattice = try SeriesLattice(separated.study)
        try lattice.checkCopies()
        clock.lap("separate")
        try control.checkCancellation()
        let probabilities = try segmenter.probabilities(of: separated, control: control.share(0.1...0.7))
        clock.lap(probabilities.stages)
        try control.checkCancellation()
        control.report("Measuring", 0.7)
        let atlas = try atlas.atlas()
        let measured = try Measured(
            separated, probabilities, atlas: atlas, control: control.share(0.7...0.8), clock: &clock)
        let overlay = try lattice.overlay(within: probabilities.foreground)
        clock.lap("measure")
        try control.checkCancellation()
        control.report("Writing the masks", 0.8)
        let files = try MaskWriter(
            folder: output, study: separated.study, probabilities: probabilities,
            forms: series.mapValues { try NIfTIFile.forms(of: $0) }
        ).write(measured.masks)
        let result = measured.result(
            files, of: segmenter, doubts: lattice.strippingDoubts(probabilities.brainMask) + overlay.doubts)
        clock.lap("write")
        let manifest = RunManifest(
            inputs: inputs, model: segmenter.model, codeVersion: codeVersion, device: segmenter.device,
            thresholds: probabilities.thresholds.byAbbreviation, atlas: atlas?.digest, stages: clock.stages,
            outputs: try files.concurrentMap {
                RunManifest.Output(
                    name: $0.name, sha256: try RunManifest.digest(of: output.appendingPathComponent($0.name)))
            })
        try write(result, manifest, to: output)
        control.report("Done", 1)
        return SegmentationOutcome(result: result, manifest: manifest)
    }

    /// What a run of these sequences writes, relative to its folder.
    package static func fileNames(of sequences: [MRISequence]) -> [String] {
        ["segmentation.nii.gz", "probabilities.nii.gz", "result.json", "manifest.json"]
            + TumourRegion.allCases.map { $0.abbreviation.lowercased() + ".nii.gz" }
            + sequences.map { "\($0.rawValue)/segmentation.nii.gz" }
    }

    private func write(_ result: SegmentationResult, _ manifest: RunManifest, to folder: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(result).write(to: folder.appendingPathComponent("result.json"))
        try Data(manifest.json().utf8).write(to: folder.appendingPathComponent("manifest.json"))
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
        guard let reference = study.images[study.reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        self.study = study
        self.probabilities = probabilities
        masks = try RegionMasks(probabilities, on: reference.grid).withoutSpecks()
        guard let tumour = masks.masks[.wholeTumour] else {
            throw ImagingError(.internalFault, "The mask of the whole tumour is missing.")
        }
        let foreground = probabilities.foreground
        // What the brain network left out is not compared.
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

    /// Mean probability of each region's voxels; a region without voxels has none.
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

    /// - Parameter doubts: reasons for review that the measurements do not know.
    func result(_ files: [MaskFile], of segmenter: any Segmenter, doubts: [String]) -> SegmentationResult {
        let model = segmenter.model
        let review = Review(reasons: doubts + review.reasons)
        let notes = ReliabilityNote.notes(
            sequences: study.sequences, brainMask: probabilities.brainMask, expectedDice: probabilities.expectedDice,
            reviewBelow: probabilities.reviewBelow, enhancement: probabilities.enhancement)
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
            volumes: masks.volumes, confidenceScores: confidences, maskFiles: files, structuredFindings: list.findings,
            lesions: lesions, gatingWeights: probabilities.gatingWeights, availableModalities: study.sequences,
            referenceModality: study.reference, reliability: notes, brainMask: probabilities.brainMask,
            atlas: fit, review: review, expectedDice: probabilities.expectedDice,
            enhancement: probabilities.enhancement,
            modelVersion: "\(model.name) \(model.version)", device: segmenter.device)
    }
}

/// Writes masks and maps; equal input gives equal bytes.
private struct MaskWriter {
    let folder: URL
    let study: Study
    let probabilities: TumourProbabilities
    /// By series: its masks open wherever it does.
    let forms: [MRISequence: NIfTIForms]

    func write(_ masks: RegionMasks) throws -> [MaskFile] {
        for sequence in study.sequences {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(sequence.rawValue), withIntermediateDirectories: true)
        }
        // The largest file first, so that no core waits for it at the end.
        let files =
            [MaskFile(name: "probabilities.nii.gz", content: .probabilities, sequence: study.reference)]
            + [MaskFile(name: "segmentation.nii.gz", content: .labels, sequence: study.reference)]
            + TumourRegion.allCases.map { region in
                MaskFile(
                    name: region.abbreviation.lowercased() + ".nii.gz", content: .region, region: region,
                    sequence: study.reference)
            } + study.sequences.map(ownFile)
        _ = try files.filter { !isCopy($0, masks) }.concurrentMap { try write($0, masks) }
        for file in files where isCopy(file, masks) {
            let target = url(file)
            try? FileManager.default.removeItem(at: target)
            try FileManager.default.copyItem(at: folder.appendingPathComponent("segmentation.nii.gz"), to: target)
        }
        return files.filter { $0.content != .probabilities } + files.filter { $0.content == .probabilities }
    }

    private func url(_ file: MaskFile) -> URL { folder.appendingPathComponent(file.name) }

    /// The labels on a series' own grid.
    private func ownFile(_ sequence: MRISequence) -> MaskFile {
        MaskFile(name: "\(sequence.rawValue)/segmentation.nii.gz", content: .labels, sequence: sequence)
    }

    /// The very same grid gives the very same bytes, as it does for all series of most studies.
    private func isCopy(_ file: MaskFile, _ masks: RegionMasks) -> Bool {
        file.name.contains("/") && study.images[file.sequence]?.grid == masks.grid
            && forms[file.sequence] == forms[study.reference]
    }

    private func write(_ file: MaskFile, _ masks: RegionMasks) throws {
        switch file.content {
        case .probabilities:
            try NIfTIFile.write(probabilities: probabilities.regions, forms: forms[file.sequence], to: url(file))
        case .region:
            guard let mask = file.region.flatMap({ masks.masks[$0] }) else { return }
            try NIfTIFile.write(mask, forms: forms[file.sequence], to: url(file))
        case .labels:
            guard let grid = study.images[file.sequence]?.grid else { return }
            let own = grid == masks.grid ? masks : try RegionMasks(probabilities, on: grid).withoutSpecks()
            try NIfTIFile.write(own.labels, forms: forms[file.sequence], to: url(file))
        }
    }
}
