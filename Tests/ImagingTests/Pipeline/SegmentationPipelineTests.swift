import Basics
import Foundation
import Synchronization
import Testing

@testable import Imaging

struct SegmentationPipelineTests {
    private func run(
        _ images: [MRISequence: Image], in folder: URL, name: String = "out", control: WorkControl = WorkControl()
    ) throws -> WrittenStudy {
        try SegmentationPipeline.bright.run(
            files(images, in: folder), writingTo: folder.appendingPathComponent(name), control: control)
    }

    private func files(_ images: [MRISequence: Image], in folder: URL) throws -> [MRISequence: any SeriesSource] {
        var sources: [MRISequence: any SeriesSource] = [:]
        for (sequence, image) in images {
            let file = folder.appendingPathComponent("\(sequence.rawValue).nii.gz")
            try NIfTIFile.write(image, to: file)
            sources[sequence] = NIfTISource(file)
        }
        return sources
    }

    @Test(arguments: Phantom.grids.keys.sorted()) func masksReturnOnTheirOwnGridAndLeftStaysLeft(_ name: String) throws
    {
        try inTemporaryFolder { folder in
            let grid = try #require(Phantom.grids[name])
            let result = try run([.flair: Phantom.image(grid)], in: folder).result
            let mask = try NIfTIFile.readLabels(folder.appendingPathComponent("out/wt.nii.gz"))
            #expect(mask.grid == grid)
            let own = try NIfTIFile.readLabels(folder.appendingPathComponent("out/flair/segmentation.nii.gz"))
            #expect(own.grid == grid)
            let lesion = try #require(result.lesions.first)
            #expect(result.lesions.count == 1)
            #expect(lesion.side == .left)
            #expect(lesion.centre.distance(to: Phantom.block) < 2.5)
            let counted = Double(mask.values.filter { $0 != 0 }.count) * grid.voxelVolume
            #expect(abs((result.volumes[.wholeTumour] ?? 0) - counted) < 1e-6)
            #expect(abs((result.volumesMillilitres[.wholeTumour] ?? 0) * 1000 - counted) < 1e-6)
        }
    }

    @Test func seriesInOtherOrdersOfAxesGetTheSameMask() throws {
        try inTemporaryFolder { folder in
            let straight = Phantom.image(try #require(Phantom.grids["straight"]))
            let flipped = Phantom.image(try #require(Phantom.grids["flipped"]), texture: 11)
            _ = try run([.t1ce: straight, .flair: flipped], in: folder)
            let first = try NIfTIFile.readLabels(folder.appendingPathComponent("out/t1ce/segmentation.nii.gz"))
            let second = try NIfTIFile.readLabels(folder.appendingPathComponent("out/flair/segmentation.nii.gz"))
            #expect(second.grid == flipped.grid)
            #expect(second.reoriented().values == first.reoriented().values)
        }
    }

    @Test func labelsAreThoseOfBraTS2023() throws {
        try inTemporaryFolder { folder in
            _ = try run([.flair: Phantom.image(try #require(Phantom.grids["straight"]))], in: folder)
            let labels = try NIfTIFile.readLabels(folder.appendingPathComponent("out/segmentation.nii.gz"))
            // The stand-in's core enhances completely: 4 must never appear, 3 must.
            #expect(Set(labels.values) == [0, 2, 3])
            let enhancing = try NIfTIFile.readLabels(folder.appendingPathComponent("out/et.nii.gz"))
            #expect(try LabelConvention.brats2023.mask(of: .enhancingTumour, in: labels).values == enhancing.values)
            #expect(throws: ImagingError.self) { try LabelConvention.brats.mask(of: .enhancingTumour, in: labels) }
        }
    }

    @Test func theManifestRepeats() throws {
        try inTemporaryFolder { folder in
            let images = [MRISequence.flair: Phantom.image(try #require(Phantom.grids["oblique"]))]
            let first = try run(images, in: folder)
            let second = try run(images, in: folder, name: "again")
            let read = try RunManifest.read(folder.appendingPathComponent("out/manifest.json"))
            #expect(read == first.manifest)
            #expect(read.differences(from: second.manifest).isEmpty)
            let other = try run(
                [.flair: Phantom.image(try #require(Phantom.grids["straight"]))], in: folder, name: "other")
            #expect(!read.differences(from: other.manifest).isEmpty)
        }
    }

    @Test func oneImageAsTwoSequencesIsRefused() throws {
        try inTemporaryFolder { folder in
            let image = Phantom.image(try #require(Phantom.grids["straight"]))
            let mirrored = image.rearranged(AxisRearrangement(sources: [0, 1, 2], isFlipped: [true, false, false]))
                .placed(on: image.grid)
            for second in [image, mirrored] {
                let error = #expect(throws: ImagingError.self) {
                    try run([.t1: image, .t1ce: second], in: folder)
                }
                #expect(error?.code == .incompatibleSeries)
                #expect(error?.message.contains("same image") == true)
            }
        }
    }

    @Test func aRescaledCopyIsRefused() throws {
        try inTemporaryFolder { folder in
            var images = SeriesPhantom().only([.t1, .t2]).images
            images[.t2] = images[.t1].map { image in
                Image(grid: image.grid, values: image.values.map { $0 == 0 ? 0 : ($0 * 1.7 + 20).rounded() })
            }
            let error = #expect(throws: ImagingError.self) { try run(images, in: folder) }
            #expect(error?.code == .incompatibleSeries)
            #expect(error?.message.contains("T1 and T2 hold the same image") == true)
        }
    }

    @Test func aMirroredSeriesNeedsReview() throws {
        try inTemporaryFolder { folder in
            var phantom = SeriesPhantom()
            let sound = try run(phantom.images, in: folder).result
            #expect(sound.review?.reasons.contains { $0.contains("overlay") } == false)
            phantom.change(.flair) { $0.mirrored() }
            let result = try run(phantom.images, in: folder, name: "mirrored").result
            let reason = "FLAIR does not overlay T1, T1CE and T2: it may be mirrored."
            #expect(result.review?.isNeeded == true)
            #expect(result.review?.reasons.first == reason)
            #expect(result.structuredFindings.contains { $0.term == reason }, "the finding is what a report cites")
            let doubt = "The series do not overlay each other, so the "
            #expect(!sound.reliability.contains { $0.note.hasPrefix(doubt) })
            #expect(result.reliability.allSatisfy { !$0.isReliable && $0.note.hasPrefix(doubt) })
            #expect(result.reliability.count == TumourRegion.allCases.count)
        }
    }

    /// The patient moved between the series, and each has a grid of its own.
    @Test func movedSeriesGetMasksInTheirOwnSpace() throws {
        try inTemporaryFolder { folder in
            var random = SplitMix(4)
            let head = MovedHead(isStripped: true)
            let motion = random.motion(degrees: 15, millimetres: 30)
            let upright = Phantom.grid(GridSize(i: 60, j: 72, k: 58), axes: [3, 0, 0, 0, 3, 0, 0, 0, 3])
            let thick = Phantom.grid(GridSize(i: 90, j: 100, k: 36), axes: [-2, 0, 0, 0, 2, 0, 0, 0, 5])
                .moved(by: .identity.moved(by: motion.map(.origin)))
            let images = [
                MRISequence.t1ce: head.scan(.t1ce, on: upright),
                .flair: head.scan(.flair, on: thick, motion: motion),
            ]
            let study = try run(images, in: folder)
            let placement = try #require(study.manifest.registration?.first { $0.sequence == .flair })
            #expect(placement.method == .registered && placement.problem == nil && placement.converged == true)
            #expect(placement.map.cornerError(from: motion.inverse, over: thick) < 3)
            #expect(study.manifest.registration?.first { $0.sequence == .t1ce }?.method == .reference)
            #expect(study.result.review?.reasons.contains { $0.contains("overlay") } == false)
            let mask = try NIfTIFile.readLabels(folder.appendingPathComponent("out/t1ce/segmentation.nii.gz"))
            let own = try NIfTIFile.readLabels(folder.appendingPathComponent("out/flair/segmentation.nii.gz"))
            #expect(try own.grid == NIfTIFile.readImage(folder.appendingPathComponent("flair.nii.gz")).grid)
            let back = try Resampler.nearest(own.placed(on: own.grid.moved(by: motion.inverse)), to: mask.grid)
            #expect(Agreement.dice(mask, back) > 0.8)
            let volumes = [mask, own].map { Double($0.setVoxelCount) * $0.grid.voxelVolume }
            #expect(abs(volumes[1] / volumes[0] - 1) < 0.1, "\(volumes)")
        }
    }

    @Test func aSeriesThatCannotBeUsedIsNamed() throws {
        try inTemporaryFolder { folder in
            var images = SeriesPhantom().only([.t1, .flair]).images
            images[.flair] = images[.flair].map { image in
                Image(grid: image.grid, values: image.values.map { $0 > 500 ? 2 : $0 > 0 ? 1 : 0 })
            }
            let error = #expect(throws: ImagingError.self) { try run(images, in: folder) }
            #expect(error?.message.hasPrefix("FLAIR: ") == true)
            #expect(error?.message.contains("label map") == true)
        }
    }

    @Test func anImageGivenTwiceIsRefusedAtAnyPosition() throws {
        try inTemporaryFolder { folder in
            let image = Phantom.image(try #require(Phantom.grids["straight"]))
            let moved = image.placed(
                on: image.grid.moved(by: .identity.moved(by: PatientPoint(x: 40, y: 0, z: 0))))
            let error = #expect(throws: ImagingError.self) { try run([.t1: image, .t2: moved], in: folder) }
            #expect(error?.code == .incompatibleSeries)
        }
    }

    @Test func anotherCropOfTheSameLatticeGetsTheSameMask() throws {
        try inTemporaryFolder { folder in
            let grid = try #require(Phantom.grids["anisotropic"])
            let (first, second) = (Phantom.image(grid), Phantom.image(grid, texture: 11))
            let room = grid.cropped(lower: [-20, -20, -20], size: GridSize(grid.size.lengths.map { $0 + 40 }))
            let padded = second.pasted(
                into: room, at: VoxelBox(lower: [20, 20, 20], size: grid.size), outside: 0)
            let expected = try run([.t1ce: first, .flair: second], in: folder, name: "alike").result
            let found = try run([.t1ce: first, .flair: padded], in: folder, name: "padded").result
            #expect(found.volumes == expected.volumes)
            let masks = try ["alike", "padded"].map {
                try NIfTIFile.readLabels(folder.appendingPathComponent("\($0)/segmentation.nii.gz"))
            }
            #expect(masks[0].values == masks[1].values)
            let own = try NIfTIFile.readLabels(folder.appendingPathComponent("padded/flair/segmentation.nii.gz"))
            #expect(own.grid == padded.grid)
            #expect(own.cropped(to: VoxelBox(lower: [20, 20, 20], size: grid.size)).values == masks[0].values)
        }
    }

    @Test func aCancelledRunStops() throws {
        try inTemporaryFolder { folder in
            let error = #expect(throws: ImagingError.self) {
                try run(
                    [.flair: Phantom.image(try #require(Phantom.grids["straight"]))], in: folder,
                    control: WorkControl(isCancelled: { true }))
            }
            #expect(error?.code == .cancelled)
        }
    }

    @Test func withoutAnAtlasNoLobeIsNamed() throws {
        try inTemporaryFolder { folder in
            let study = try run([.flair: Phantom.image(try #require(Phantom.grids["straight"]))], in: folder)
            #expect(study.result.atlas == AtlasFit(status: .notInstalled))
            #expect(study.manifest.atlas == nil)
            #expect(study.result.lesions.allSatisfy { $0.locations.isEmpty })
            #expect(study.result.structuredFindings.contains { $0.kind == .atlasFit && $0.term == "not_installed" })
        }
    }

    @Test func whatIsMissingIsSaidToBeUnreliable() throws {
        try inTemporaryFolder { folder in
            let result = try run([.flair: Phantom.image(try #require(Phantom.grids["straight"]))], in: folder).result
            let enhancing = try #require(result.reliability.first { $0.region == .enhancingTumour })
            #expect(!enhancing.isReliable)
            #expect(enhancing.note.contains("T1CE"))
            #expect(result.structuredFindings.map(\.id) == (1...result.structuredFindings.count).map { "F\($0)" })
        }
    }

    /// Series on two grids, so that one mask is resampled.
    private static func twoGrids() throws -> [MRISequence: Image] {
        let (first, second) = (try #require(Phantom.grids["straight"]), try #require(Phantom.grids["oblique"]))
        return [.t1ce: Phantom.image(first), .flair: Phantom.image(second, texture: 11)]
    }

    @Test func seriesInMemoryGetTheMasksOfTheirFiles() throws {
        try inTemporaryFolder { folder in
            let images = try Self.twoGrids()
            let pipeline = SegmentationPipeline.bright
            let stored = try pipeline.run(files(images, in: folder), control: WorkControl())
            let sources = images.mapValues { MemorySource(image: $0) }
            let held = try pipeline.run(sources, control: WorkControl())
            #expect(held.result == stored.result)
            #expect(held.masks.masks.mapValues(\.values) == stored.masks.masks.mapValues(\.values))
            #expect(
                held.probabilities.regions.mapValues(\.values) == stored.probabilities.regions.mapValues(\.values))
            #expect(held.referenceImage.values == images[.t1ce]?.values)
            #expect(held.stages.map(\.name) == ["load", "register", "separate", "align", "measure"])

            // Their files do not differ either, although no file describes the grids.
            let writer = StudyWriter([NIfTIMaskWriter()])
            let written = try [held, stored].enumerated().map {
                try writer.write($1, to: folder.appendingPathComponent("\($0)"), control: WorkControl())
            }
            #expect(written[0].manifest.outputs == written[1].manifest.outputs)
            #expect(written[0].manifest.outputs.count == 7)
            #expect(written[0].result == written[1].result)
        }
    }

    @Test func whatASourceThrowsNamesItsSeries() throws {
        let image = Phantom.image(try #require(Phantom.grids["straight"]))
        for (name, said) in [(nil, "T2: "), ("T2 (archive)", "T2 (archive): ")] {
            let sources: [MRISequence: any SeriesSource] = [
                .flair: MemorySource(image: image), .t2: MemorySource(name: name, image: nil),
            ]
            let error = #expect(throws: ImagingError.self) {
                try SegmentationPipeline.bright.run(sources, control: WorkControl())
            }
            #expect(error == ImagingError(.invalidImage, said + "The series is gone."))
        }
    }

    @Test func progressRisesThroughTheRunAndTheWriting() throws {
        try inTemporaryFolder { folder in
            let steps = Mutex([(step: String, share: Double)]())
            let control = WorkControl(report: { step, share in steps.withLock { $0.append((step, share)) } })
            _ = try run(SeriesPhantom().only([.t1ce, .flair]).images, in: folder, control: control)
            let reported = steps.withLock { $0 }
            #expect(
                reported.map(\.step) == ["Loading the series", "Looking", "Measuring", "Writing the masks", "Done"])
            #expect(zip([0, 0.4, 0.7, 0.8, 1], reported.map(\.share)).allSatisfy { abs($0 - $1) < 1e-9 })
        }
    }
}

/// A series without a file; without an image it cannot be loaded.
struct MemorySource: SeriesSource {
    var name: String?
    let image: Image?

    func load() throws -> Image {
        guard let image else { throw ImagingError(.invalidImage, "The series is gone.") }
        return image
    }

    func digest() throws -> String { try VoxelDigest(of: load()).contentDigest }
    func forms() -> NIfTIForms? { nil }
}
