import Basics
import Foundation
import Imaging
import Synchronization
import Testing

@testable import Inference

/// The committed model, with real networks.
@Suite(.serialized)
struct ModelSegmenterTests {
    private func segmenter() throws -> ModelSegmenter { try ModelSegmenter(ModelPackage(folder: StudyPhantom.package)) }

    @Test func equalStudiesGiveEqualBits() throws {
        let segmenter = try segmenter()
        let first = try segmenter.probabilities(of: StudyPhantom.study(), control: WorkControl())
        let second = try self.segmenter().probabilities(of: StudyPhantom.study(), control: WorkControl())
        for region in TumourRegion.allCases {
            #expect(first.regions[region]?.values == second.regions[region]?.values)
        }
        #expect(first.gatingWeights == second.gatingWeights)
        #expect(first.brainMask == .given)
    }

    @Test func regionsNestAndTheTumourIsOnTheRight() throws {
        let found = try segmenter().probabilities(of: StudyPhantom.study(), control: WorkControl())
        let masks = try RegionMasks(found, on: StudyPhantom.image(.t1ce).grid)
        let whole = try #require(masks.masks[.wholeTumour])
        let core = try #require(masks.masks[.tumourCore])
        for (outer, inner) in zip(whole.values, core.values) { #expect(inner <= outer) }
        var right = 0
        var left = 0
        for k in 0..<whole.grid.size.k {
            for j in 0..<whole.grid.size.j {
                for i in 0..<whole.grid.size.i where whole[k, j, i] != 0 {
                    let x = whole.grid.affine.point(i: Double(i), j: Double(j), k: Double(k)).x
                    if x > 0 { right += 1 } else { left += 1 }
                }
            }
        }
        #expect(right > 500)
        #expect(left * 10 < right)
    }

    @Test func theModelPredictsItsDice() throws {
        let found = try segmenter().probabilities(of: StudyPhantom.study(), control: WorkControl())
        #expect(Set(found.expectedDice.keys) == Set(TumourRegion.allCases))
        #expect(found.expectedDice.values.allSatisfy { (0...1).contains($0) })
    }

    @Test func withoutT1CENothingIsSaidToEnhance() throws {
        let sequences = [MRISequence.t1, .t2, .flair]
        let found = try segmenter().probabilities(of: StudyPhantom.study(sequences), control: WorkControl())
        #expect(found.enhancement == Enhancement(.notAssessed))
        #expect(found.expectedDice[.enhancingTumour] == nil && found.expectedDice[.wholeTumour] != nil)
        let masks = try RegionMasks(found, on: StudyPhantom.image(.t1).grid)
        #expect(masks.volumes[.enhancingTumour] == 0 && (masks.volumes[.wholeTumour] ?? 0) > 0)
    }

    @Test func aPackageMayClearWhatDoesNotEnhance() throws {
        let copy = try StudyPhantom.packageCopy(changing: "model.json") { data in
            var object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
            object["enhancement"] = ["intercept": -9, "probability": 0, "gain": 0]
            data = try JSONSerialization.data(withJSONObject: object)
        }
        defer { try? FileManager.default.removeItem(at: copy) }
        let found = try ModelSegmenter(ModelPackage(folder: copy)).probabilities(
            of: StudyPhantom.study(), control: WorkControl())
        #expect(found.enhancement?.answer == Enhancement.Answer.none && (found.enhancement?.probability ?? 1) < 0.001)
        #expect(try RegionMasks(found, on: StudyPhantom.image(.t1ce).grid).volumes[.enhancingTumour] == 0)
    }

    @Test func aTemperatureMovesProbabilitiesAndNoMask() throws {
        let hot = try StudyPhantom.packageCopy(changing: "model.json") { data in
            let text = String(decoding: data, as: UTF8.self)
            data = Data(
                text.replacing(/"temperatures": {\s+"WT": [0-9.]+/) { _ in "\"temperatures\": {\"WT\": 9" }.utf8)
        }
        defer { try? FileManager.default.removeItem(at: hot) }
        let study = try StudyPhantom.study()
        let cold = try segmenter().probabilities(of: study, control: WorkControl())
        let warm = try ModelSegmenter(ModelPackage(folder: hot)).probabilities(of: study, control: WorkControl())
        let pairs = zip(
            try #require(cold.regions[.wholeTumour]).values, try #require(warm.regions[.wholeTumour]).values)
        #expect(pairs.allSatisfy { ($0 >= 0.5) == ($1 >= 0.5) })
        #expect(pairs.contains { $0 > 0.8 && $1 < 0.7 && $1 >= 0.5 })
    }

    @Test func orientationOfTheFileDoesNotMatter() throws {
        let straight = try StudyPhantom.study()
        let turn = AxisRearrangement(sources: [2, 0, 1], isFlipped: [true, false, true])
        let turned = try Study(images: straight.images.mapValues { $0.rearranged(turn) })
        let segmenter = try segmenter()
        let first = try segmenter.probabilities(of: straight, control: WorkControl())
        let second = try segmenter.probabilities(of: turned, control: WorkControl())
        for region in TumourRegion.allCases {
            let expected = try #require(first.regions[region]).rearranged(turn)
            let found = try #require(second.regions[region])
            #expect(found.grid == turned.images[.t1ce]?.grid)
            #expect(zip(expected.values, found.values).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    @Test(arguments: [[MRISequence.flair], [.t1ce], [.t1, .t2], [.t1, .t1ce, .flair]])
    func anySubsetIsAccepted(_ sequences: [MRISequence]) throws {
        let found = try segmenter().probabilities(of: StudyPhantom.study(sequences), control: WorkControl())
        #expect(found.gatingWeights.count == 4)
        #expect(found.regions[.wholeTumour]?.values.allSatisfy { (0...1).contains($0) } == true)
    }

    @Test func theBackgroundsValueDoesNotMatter() throws {
        let plain = try StudyPhantom.study()
        let segmenter = try segmenter()
        let expected = try RegionMasks(
            segmenter.probabilities(of: plain, control: WorkControl()), on: StudyPhantom.image(.t1ce).grid)
        let changes: [(Float) -> Float] = [{ $0 == 0 ? -1024 : $0 }, { 2 * $0 + 100 }]
        for change in changes {
            let study = try Study(
                images: plain.images.mapValues { Image(grid: $0.grid, values: $0.values.map(change)) })
            let found = try segmenter.probabilities(of: study, control: WorkControl())
            #expect(found.brainMask == .given)
            let masks = try RegionMasks(found, on: expected.grid)
            for region in TumourRegion.allCases {
                let (theirs, ours) = (try #require(expected.masks[region]), try #require(masks.masks[region]))
                #expect(!theirs.values.contains(1) || Agreement.dice(theirs, ours) > 0.99, "\(region)")
            }
        }
    }

    @Test(arguments: [true, false]) func aVoxelMoreOnEachSideMovesNothing(_ isBefore: Bool) throws {
        let plain = try StudyPhantom.study()
        let box = try #require(StudyPhantom.image(.t1ce).mask { $0 != 0 }.boundingBox)
        let ends = (0..<3).map { isBefore ? box.lower[$0] - 1 : box.lower[$0] + box.size[$0] }
        let images = plain.images.mapValues { image in
            var image = image
            image[32, 43, ends[0]] = 1
            image[32, ends[1], 35] = 1
            image[ends[2], 43, 35] = 1
            return image
        }
        let segmenter = try segmenter()
        let expected = try segmenter.probabilities(of: plain, control: WorkControl())
        let found = try segmenter.probabilities(of: Study(images: images), control: WorkControl())
        for region in TumourRegion.allCases {
            let (theirs, ours) = (try #require(expected.regions[region]), try #require(found.regions[region]))
            #expect(zip(theirs.values, ours.values).allSatisfy { abs($0 - $1) < 0.02 }, "\(region)")
        }
    }

    @Test func anotherCropOfTheSameLatticeGetsTheSameMask() throws {
        let plain = try StudyPhantom.study()
        var images = plain.images
        for sequence in [MRISequence.t2, .flair] {
            images[sequence] = plain.images[sequence].map { image in
                let room = image.grid.cropped(
                    lower: [-20, -20, -20], size: GridSize(image.grid.size.lengths.map { $0 + 40 }))
                return image.pasted(
                    into: room, at: VoxelBox(lower: [20, 20, 20], size: image.grid.size), outside: 0)
            }
        }
        let segmenter = try segmenter()
        let grid = StudyPhantom.image(.t1ce).grid
        let expected = try RegionMasks(segmenter.probabilities(of: plain, control: WorkControl()), on: grid)
        let found = try RegionMasks(
            segmenter.probabilities(of: Study(images: images), control: WorkControl()), on: grid)
        let (theirs, ours) = (
            try #require(expected.masks[.wholeTumour]), try #require(found.masks[.wholeTumour])
        )
        #expect(Agreement.dice(theirs, ours) > 0.999)
    }

    @Test func aSeriesThatMissesTheBrainIsNamed() throws {
        var images = try StudyPhantom.study().images
        images[.flair] = images[.flair].map { image in
            let size = image.grid.size
            return image.cropped(
                to: VoxelBox(lower: [0, 0, 0], size: GridSize(i: size.i, j: size.j, k: size.k / 2)))
        }
        let study = try Study(images: images)
        let error = #expect(throws: ImagingError.self) {
            try segmenter().probabilities(of: study, control: WorkControl())
        }
        #expect(error?.code == .incompatibleSeries)
        #expect(error?.message.hasPrefix("FLAIR covers only") == true, "\(error?.message ?? "")")
    }

    @Test func cancellingStopsInsideTheRun() throws {
        let asked = Mutex(0)
        let control = WorkControl(isCancelled: {
            asked.withLock { count in
                count += 1
                return count > 5
            }
        })
        let error = #expect(throws: ImagingError.self) {
            try segmenter().probabilities(of: StudyPhantom.study(), control: control)
        }
        #expect(error?.code == .cancelled)
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: StudyPhantom.colin("ch2").path), "mricron-data is not installed")
    )
    func theBrainOfAHeadIsFound() throws {
        let study = try Study(images: [.t1: NIfTIFile.readImage(StudyPhantom.colin("ch2"))])
        let found = try segmenter().probabilities(of: study, control: WorkControl())
        #expect(found.brainMask == .found)
        // The same head, skull-stripped by another program (BET).
        let wanted = try NIfTIFile.readImage(StudyPhantom.colin("ch2bet")).mask { $0 > 0 }
        #expect(found.foreground.grid == wanted.grid)
        #expect(Agreement.dice(found.foreground, wanted) > 0.94)
        let head = try #require(study.images[.t1])
        let outside = try #require(
            head.values.indices.first { found.foreground.values[$0] == 0 && head.values[$0] > 50 })
        #expect(try head.without(outside: found.foreground).values[outside] == 0)
    }

    @Test func aPackageWithoutABrainNetworkLooksAtTheWholeHead() throws {
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            let text = String(decoding: data, as: UTF8.self)
            data = Data(text.replacingOccurrences(of: "\"brain\": {", with: "\"unknown\": {").utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let study = try Study(
            images: StudyPhantom.study().images.mapValues { image in
                // Faint noise would count as a stripped brain's background.
                Image(
                    grid: image.grid, values: image.values.enumerated().map { $1 == 0 ? Float(30 + $0 % 300) : $1 })
            })
        let found = try ModelSegmenter(ModelPackage(folder: folder)).probabilities(of: study, control: WorkControl())
        #expect(found.brainMask == BrainMask.none)
    }
}
