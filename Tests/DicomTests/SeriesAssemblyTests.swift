import Dicom
import Foundation
import Testing

/// What becomes of series that are not simply one stack of slices.
struct SeriesAssemblyTests {
    private static let places = (0..<20).map { Double($0) * 5 }

    private func only(_ frames: [ImageFrame]) throws -> AssembledSeries {
        let assembly = SeriesAssembly(frames)
        #expect(assembly.series.count == 1)
        return try #require(assembly.series.first)
    }

    private func refusal(_ series: AssembledSeries) -> String {
        if case .failure(let error) = series.grid { error.message } else { "" }
    }

    @Test func slicesAreOrderedByPosition() throws {
        let series = try only(SliceBuilder.stack(Self.places.shuffled()))
        let grid = try series.grid.get()
        #expect(grid.slices == 20 && grid.stepK == LPSVector(x: 0, y: 0, z: 5) && series.warnings.isEmpty)
        #expect(series.frames.compactMap(\.position?.z) == Self.places)
    }

    @Test func namesContainNoControlCharacters() throws {
        let frames = try SliceBuilder.stack(Self.places) { _, slice in
            slice.extra = [
                DataElement(.seriesDescription, .longString, "AX T1\u{1B}[2J" + String(repeating: "a", count: 99))
            ]
        }
        let name = try only(frames).name
        #expect(name.hasPrefix("A series without number “AX T1[2Jaaa") && name.count < 100, "\(name)")
    }

    @Test func gapsAreRefused() throws {
        let series = try only(SliceBuilder.stack(Self.places.filter { $0 != 35 }))
        #expect(refusal(series) == "Slices are missing: a gap measures 10.0 mm where others measure 5.0 mm.")
    }

    @Test(arguments: [(0.2, true), (2.0, false)]) func varyingSpacingIsReportedOrRefused(
        _ shift: Double, _ isUsable: Bool
    ) throws {
        var places = Self.places
        places[7] += shift
        let series = try only(SliceBuilder.stack(places))
        #expect(((try? series.grid.get()) != nil) == isUsable)
        let text = isUsable ? series.warnings.joined() : refusal(series)
        #expect(text.hasPrefix("The distance between slices varies from"))
    }

    @Test func aSliceThatIsPresentTwiceIsUsedOnce() throws {
        let frames = try SliceBuilder.stack(Self.places)
        let series = try only(frames + [frames[3]])
        #expect(try series.grid.get().slices == 20 && series.warnings == ["1 images are present twice."])
    }

    @Test func anotherImageAtOnePositionIsRefused() throws {
        let series = try only(SliceBuilder.stack(Self.places + [25]))
        #expect(refusal(series) == "Several images claim the same position.")
    }

    @Test func repetitionsAreSeparated() throws {
        let assembly = SeriesAssembly(try SliceBuilder.stack(Self.places + Self.places))
        #expect(assembly.series.map(\.part) == ["repetition 1", "repetition 2"])
        #expect(assembly.series.allSatisfy { (try? $0.grid.get().slices) == 20 })
        #expect(assembly.series[1].frames.allSatisfy { ($0.instanceNumber ?? 0) > 20 })
    }

    @Test func echoesAreSeparated() throws {
        let frames = try SliceBuilder.stack(Self.places + Self.places) { index, slice in
            slice.echoTime = index % 2 == 0 ? 12 : 90
            slice.position = [0, 0, Self.places[index / 2]]
        }
        let assembly = SeriesAssembly(frames)
        #expect(assembly.series.map(\.part) == ["echo time 12.0", "echo time 90.0"])
        #expect(assembly.series.allSatisfy { (try? $0.grid.get().slices) == 20 })
    }

    @Test func orientationsAreSeparated() throws {
        let axial = try SliceBuilder.stack(Self.places)
        let coronal = try SliceBuilder.stack(Self.places) { index, slice in
            slice.orientation = [1, 0, 0, 0, 0, -1]
            slice.position = [0, Self.places[index], 0]
        }
        let assembly = SeriesAssembly(axial + coronal)
        #expect(assembly.series.map(\.part) == ["orientation 1", "orientation 2"])
        #expect(assembly.series.allSatisfy { (try? $0.grid.get().slices) == 20 })
    }

    @Test func aTiltedGantryGivesAShearedGrid() throws {
        let frames = try SliceBuilder.stack(Self.places) { index, slice in
            slice.position = [0, Double(index), Self.places[index]]
        }
        let series = try only(frames)
        #expect(try series.grid.get().stepK == LPSVector(x: 0, y: 1, z: 5))
        #expect(series.warnings == ["The gantry was tilted by 11.31°; the voxels form a sheared grid."])
    }

    @Test func shiftedSlicesAreRefused() throws {
        let frames = try SliceBuilder.stack(Self.places) { index, slice in
            slice.position = [index == 9 ? 30 : 0, 0, Self.places[index]]
        }
        #expect(refusal(try only(frames)) == "The slices are shifted against each other by up to 30.0 mm.")
    }

    @Test func slicesAtOnePositionAreOrderedByNumber() throws {
        func frames(_ extra: [DataElement]) throws -> [ImageFrame] {
            try SliceBuilder.stack(Self.places) { index, slice in
                slice.position = [0, 0, 0]
                slice.number = 20 - index
                slice.extra = extra
            }
        }
        let series = try only(frames([DataElement(.spacingBetweenSlices, .decimalString, reals: [4])]))
        #expect(try series.grid.get().stepK == LPSVector(x: 0, y: 0, z: 4))
        #expect(series.frames.compactMap(\.instanceNumber) == Array(1...20))
        #expect(series.warnings == ["All slices claim one position; they are ordered by instance number."])
        #expect(refusal(try only(frames([]))) == "All slices claim one position, and no spacing is stated.")
    }

    @Test func aVolumeNeedsPositionsAndMoreThanOneImage() throws {
        let without = try SliceBuilder.stack(Self.places) { index, slice in slice.position = nil }
        #expect(refusal(try only(without)) == "An image states no position.")
        #expect(refusal(try only(SliceBuilder.stack([0]))) == "A single image does not form a volume.")
    }

    @Test func severalStudiesAreRefused() throws {
        try inTemporaryFolder { folder in
            for style in ["enhanced", "enhanced"] {
                _ = try Peer.run("hospital.py", [style, folder.path])
            }
            let error = #expect(throws: DicomError.self) { try SeriesAssembly(folder: folder) }
            #expect(error?.message == "The folder contains 2 studies. Name the folder of one study.")
        }
        try inTemporaryFolder { folder in
            let error = #expect(throws: DicomError.self) { try SeriesAssembly(folder: folder) }
            #expect(error?.message == "The folder contains no MR image in DICOM.")
        }
    }
}
