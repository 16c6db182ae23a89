import Imaging
import Testing

struct GeometryTests {
    @Test(arguments: Phantom.grids.keys.sorted()) func indexUndoesPoint(_ name: String) throws {
        let grid = try #require(Phantom.grids[name])
        let back = grid.index(of: grid.affine.point(i: 3, j: 5, k: 7))
        #expect(abs(back.i - 3) < 1e-9 && abs(back.j - 5) < 1e-9 && abs(back.k - 7) < 1e-9)
    }

    @Test(arguments: [
        ("straight", "RAS"), ("flipped", "LPS"), ("left-handed", "LAS"), ("anisotropic", "RAS"), ("permuted", "SRP"),
        ("oblique", "RAS"),
    ])
    func orientationIsNamed(_ name: String, _ letters: String) throws {
        #expect(try #require(Phantom.grids[name]).orientation.description == letters)
    }

    @Test(arguments: Phantom.grids.keys.sorted()) func reorientingMovesNoVoxelInThePatient(_ name: String) throws {
        let image = Phantom.image(try #require(Phantom.grids[name]))
        let turned = image.reoriented()
        #expect(turned.grid.orientation == .ras)
        let back = try Resampler.linear(turned, to: image.grid)
        #expect(back.values == image.values)
        #expect(back.grid == image.grid)
    }

    @Test(arguments: Phantom.grids.keys.sorted()) func resamplingKeepsPlaceAndVolume(_ name: String) throws {
        let source = Phantom.image(try #require(Phantom.grids["straight"]))
        let bright = Image(grid: source.grid, values: source.values.map { $0 > 600 ? 1 : 0 })
        let grid = try #require(Phantom.grids[name])
        let mask = try Resampler.mask(bright, threshold: 0.5, on: grid)
        var sum = PatientPoint.origin
        var count = 0.0
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i where mask[k, j, i] != 0 {
                    sum = sum + grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
                    count += 1
                }
            }
        }
        #expect(((1 / count) * sum).distance(to: Phantom.block) < 1.5)
        #expect(
            abs(count * grid.voxelVolume - 24 * 24 * 24) / (24 * 24 * 24) < 0.18, "slices of 5 mm cut the block short")
    }

    @Test func spacingAndVolumeCountAllThreeAxes() throws {
        let grid = try #require(Phantom.grids["anisotropic"])
        #expect(grid.spacing.map { ($0 * 1e6).rounded() / 1e6 } == [1, 1, 5])
        #expect(abs(grid.voxelVolume - 5) < 1e-9)
    }

    @Test func aSwappedAxisIsSeen() throws {
        let grid = try #require(Phantom.grids["straight"])
        var rows = grid.affine.rows
        rows.swapAt(0, 1)
        rows.swapAt(4, 5)
        let swapped = VoxelGrid(size: grid.size, affine: VoxelAffine(rows: rows))
        guard case .apart = GridRelation(swapped, to: grid) else {
            Issue.record("a swapped axis passes as the same space")
            return
        }
    }

    @Test func resizingKeepsTheCorner() throws {
        let grid = try #require(Phantom.grids["oblique"])
        let coarse = grid.resized(spacing: [4, 4, 4])
        #expect(coarse.size == GridSize(i: 30, j: 35, k: 28))
        #expect(zip(coarse.corners, grid.corners).allSatisfy { $0.distance(to: $1) < 1e-4 })
    }

    @Test func boxesAreCutAndPasted() throws {
        let image = Phantom.image(try #require(Phantom.grids["permuted"]))
        let box = try #require(image.mask { $0 > 600 }.boundingBox)
        let cut = image.cropped(to: box.grown(by: [1, 1, 1], within: image.grid.size))
        #expect(
            cut.grid.affine.point(i: 1, j: 1, k: 1).distance(
                to: image.grid.affine.point(i: Double(box.lower[0]), j: Double(box.lower[1]), k: Double(box.lower[2])))
                < 1e-9)
        let whole = cut.pasted(into: image.grid, at: box.grown(by: [1, 1, 1], within: image.grid.size), outside: 0)
        #expect(whole.mask { $0 > 600 }.values == image.mask { $0 > 600 }.values)
    }

    /// A hundred voxels in a row, and one far from them.
    @Test func theBulkIgnoresStrayVoxels() throws {
        let grid = VoxelGrid(
            size: GridSize(i: 200, j: 3, k: 2), affine: VoxelAffine(spacing: [1, 1, 1], origin: .origin))
        var mask = LabelMap(grid: grid, filledWith: 0)
        for i in 50..<150 { mask[1, 1, i] = 1 }
        let alone = try #require(mask.bulk(leaving: 0.02))
        #expect(alone == VoxelBox(lower: [52, 1, 1], size: GridSize(i: 96, j: 1, k: 1)))
        mask[1, 1, 199] = 1
        #expect(mask.boundingBox?.size.i == 150)
        #expect(try #require(mask.bulk(leaving: 0.02)).lower[0] == 52)
        #expect(try #require(mask.bulk(leaving: 0.02)).size.i == 97)
        #expect(LabelMap(grid: grid, filledWith: 0).bulk(leaving: 0.02) == nil)
    }

    @Test func boxesThatShareEnoughSpaceOverlay() throws {
        let grid = try #require(Phantom.grids["oblique"])
        let padded = grid.cropped(lower: [-20, -20, -20], size: GridSize(grid.size.lengths.map { $0 + 40 }))
        #expect(grid.share(within: padded) == 1)
        #expect(padded.share(within: grid) < 0.4)
        #expect(SeriesOverlay.problems([.t1: grid, .t1ce: padded, .flair: grid]).isEmpty)
        #expect(SeriesOverlay.warning([.t1: grid, .t1ce: padded]) == nil)
        let apart = grid.cropped(lower: [25, 0, 0], size: grid.size)
        let problems = SeriesOverlay.problems([.t1: grid, .t1ce: grid, .flair: apart])
        #expect(Set(problems.keys) == [.t1ce, .flair])
        #expect(problems[.flair]?.contains("FLAIR and T1CE do not overlap enough") == true)
        #expect(SeriesOverlay.warning([.t1: grid, .flair: apart]) != nil)
    }

    @Test func aSeriesMustShowMostOfTheBrain() throws {
        let image = Phantom.image(try #require(Phantom.grids["straight"]))
        let half = image.cropped(to: VoxelBox(lower: [0, 0, 0], size: GridSize(i: 60, j: 70, k: 30)))
        let brain = image.mask { $0 != 0 }
        try Study(images: [.t1ce: image, .t2: image]).checkReach(over: brain)
        let error = #expect(throws: ImagingError.self) {
            try Study(images: [.t1ce: image, .t2: half]).checkReach(over: brain)
        }
        #expect(error?.message.hasPrefix("T2 covers only 5") == true, "\(error?.message ?? "")")
    }
}
