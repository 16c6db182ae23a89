import Basics
import Foundation
import Testing

@testable import Imaging

/// Brains at known positions in MNI space are rotated, cropped and given other contrasts; the lobes must be found
/// again.
struct AtlasAlignmentTests {
    private static let source = AtlasSource()

    /// MNI coordinates in mm of textbook landmarks.
    private static let landmarks: [(point: PatientPoint, structure: AtlasStructure)] = [
        (PatientPoint(x: 25, y: 55, z: 10), .frontalLobe), (PatientPoint(x: -40, y: 30, z: 25), .frontalLobe),
        (PatientPoint(x: 45, y: 5, z: -32), .temporalLobe), (PatientPoint(x: -58, y: -30, z: -8), .temporalLobe),
        (PatientPoint(x: 28, y: -58, z: 56), .parietalLobe), (PatientPoint(x: -42, y: -35, z: 50), .parietalLobe),
        (PatientPoint(x: 20, y: -94, z: 2), .occipitalLobe), (PatientPoint(x: -38, y: 4, z: 2), .insula),
        (PatientPoint(x: 26, y: -64, z: -38), .cerebellum), (PatientPoint(x: 2, y: -28, z: -32), .brainstem),
        (PatientPoint(x: 0, y: 26, z: 6), .corpusCallosum), (PatientPoint(x: 26, y: 4, z: 2), .basalGanglia),
        (PatientPoint(x: -10, y: -18, z: 8), .thalamus),
    ]

    /// A patient: the atlas's brain transformed by `toPatient`, with T1 or T2 contrasts.
    private struct Patient {
        var image: Image
        var foreground: LabelMap
        let toPatient: VoxelAffine

        init(turn: Double, nod: Double, scale: Double, isT2: Bool) throws {
            let atlas = try #require(try AtlasAlignmentTests.source.atlas())
            let (c, s) = (cos(turn), sin(turn))
            let (d, t) = (cos(nod), sin(nod))
            toPatient = VoxelAffine(rows: [
                scale * c, -scale * s * d, scale * s * t, 12,
                scale * s, scale * c * d, -scale * c * t, -31,
                0, scale * t, scale * d, 44,
            ])
            let moved = VoxelGrid(
                size: atlas.brain.grid.size, affine: toPatient.composed(with: atlas.brain.grid.affine))
            let middle = toPatient.map(PatientPoint(x: 0, y: -18, z: 10))
            // Left-handed, as from scanners: x decreases.
            let grid = VoxelGrid(
                size: GridSize(i: 96, j: 112, k: 96),
                affine: VoxelAffine(rows: [
                    -2, 0, 0, middle.x + 96, 0, 2, 0, middle.y - 112, 0, 0, 2, middle.z - 96,
                ]))
            let brain = try Resampler.linear(atlas.brain.placed(on: moved), to: grid)
            foreground = brain.mask { $0 > 20 }
            var image = brain
            for index in image.values.indices {
                let value = image.values[index]
                image.values[index] = foreground.values[index] == 0 ? 0 : isT2 ? 160 - value : value
            }
            self.image = image
        }

        func alignment(without tumour: LabelMap? = nil, control: WorkControl = WorkControl()) throws -> AtlasAlignment?
        {
            let atlas = try #require(try AtlasAlignmentTests.source.atlas())
            return try AtlasAlignment(
                image, foreground: foreground, isSkullStripped: true,
                tumour: tumour ?? LabelMap(grid: image.grid, filledWith: 0), to: atlas, control: control)
        }
    }

    @Test(arguments: [
        (0.0, 0.0, 1.0, false), (0.2, 0.25, 0.9, true), (-0.15, -0.2, 1.1, true), (0.1, 0.35, 0.95, false),
    ])
    func lobesAndMidlineAreFoundAgain(turn: Double, nod: Double, scale: Double, isT2: Bool) throws {
        let patient = try Patient(turn: turn, nod: nod, scale: scale, isT2: isT2)
        let alignment = try #require(try patient.alignment())
        #expect(alignment.isGood)
        #expect(alignment.fit > 0.95)
        for (point, structure) in Self.landmarks {
            let place = patient.toPatient.map(point)
            #expect(alignment.toAtlas.map(place).distance(to: point) < 4)
            #expect(alignment.structure(at: place) == structure, "\(point)")
            #expect(abs(alignment.distanceFromMidline(place) - scale * point.x) < 3)
        }
    }

    @Test func equalInputGivesEqualBits() throws {
        let patient = try Patient(turn: 0.1, nod: 0.2, scale: 1, isT2: true)
        let first = try #require(try patient.alignment())
        for _ in 0..<3 {
            let again = try #require(try patient.alignment())
            #expect(first.toAtlas == again.toAtlas)
        }
    }

    @Test func aBallIsNoBrain() throws {
        let grid = VoxelGrid(
            size: GridSize(i: 80, j: 80, k: 80), affine: VoxelAffine(spacing: [2, 2, 2], origin: .origin))
        var image = Image(grid: grid, filledWith: 0)
        for k in 0..<80 {
            for j in 0..<80 {
                for i in 0..<80 where (i - 40) * (i - 40) + (j - 40) * (j - 40) + (k - 40) * (k - 40) < 900 {
                    image[k, j, i] = Float(100 + (i * 7 + j * 13 + k * 29) % 31)
                }
            }
        }
        let atlas = try #require(try Self.source.atlas())
        let alignment = try AtlasAlignment(
            image, foreground: image.mask { $0 > 0 }, isSkullStripped: true,
            tumour: LabelMap(grid: grid, filledWith: 0), to: atlas)
        #expect(alignment?.isGood != true)
    }

    @Test(arguments: [false, true]) func aSeriesShowsItsContrast(isT2: Bool) throws {
        let patient = try Patient(turn: 0.1, nod: 0.2, scale: 1, isT2: isT2)
        let none = LabelMap(grid: patient.image.grid, filledWith: 0)
        let alignment = try #require(try patient.alignment())
        let contrast = try #require(try alignment.contrast(of: patient.image, without: none))
        #expect(isT2 ? contrast.correlation < -0.8 : contrast.correlation > 0.8)
        #expect(isT2 ? contrast.fluidRank > 0.6 : contrast.fluidRank < 0.2)
        #expect(SeriesContrast.warnings([isT2 ? .t2 : .t1: contrast]).isEmpty)
        #expect(SeriesContrast.warnings([isT2 ? .t1ce : .t2: contrast]).count == 1)
    }

    @Test func cancellingStopsIt() throws {
        let patient = try Patient(turn: 0, nod: 0, scale: 1, isT2: false)
        let error = #expect(throws: ImagingError.self) {
            try patient.alignment(control: WorkControl(isCancelled: { true }))
        }
        #expect(error?.code == .cancelled)
    }

    /// The places of a ball of 11 mm around a point of the atlas, measured through the alignment of a slanted head.
    private func lesion(around point: PatientPoint) throws -> Lesion {
        let patient = try Patient(turn: 0.2, nod: 0.25, scale: 0.95, isT2: false)
        let grid = patient.image.grid
        let centre = patient.toPatient.map(point)
        var map = Image(grid: grid, filledWith: 0.1)
        var offset = 0
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i {
                    let point = grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
                    if point.distance(to: centre) < 11 { map.values[offset] = 0.9 }
                    offset += 1
                }
            }
        }
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map, .tumourCore: map, .enhancingTumour: map], gatingWeights: [:],
            thresholds: RegionThresholds(),
            foreground: patient.foreground, brainMask: .given)
        let masks = try RegionMasks(probabilities, on: grid)
        let alignment = try #require(try patient.alignment(without: masks.masks[.wholeTumour]))
        return try #require(try LesionMeasurer(probabilities, masks, alignment: alignment).lesions().first)
    }

    /// A lesion of the right frontal lobe that crosses nothing.
    @Test func aLesionIsPlacedInItsLobeAndSide() throws {
        let lesion = try lesion(around: PatientPoint(x: 30, y: 40, z: 15))
        #expect(lesion.side == .right && !lesion.touchesMidline)
        #expect(lesion.locations.first?.structure == .frontalLobe)
        #expect((lesion.locations.first?.share ?? 0) > 0.9)
        #expect(lesion.locations.reduce(0) { $0 + $1.share } <= 1.000001)
    }

    /// A brain with slabs cut out of it is found, and not believed.
    @Test func aPoorFitIsNoGoodOne() throws {
        var patient = try Patient(turn: 0, nod: 0, scale: 1, isT2: false)
        let size = patient.image.grid.size
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i where j / 6 % 2 == 0 {
                    patient.image[k, j, i] = 0
                    patient.foreground[k, j, i] = 0
                }
            }
        }
        let alignment = try #require(try patient.alignment())
        #expect(alignment.fit > 0.5 && alignment.fit < 0.9, "\(alignment.fit)")
        #expect(!alignment.isGood)
    }

    /// FreeSurfer's labels of real heads, rendered as a T1 image: deep structures and cerebellum must be where the
    /// atlas has them.
    @Test(.enabled(if: Self.labelMaps != nil, "no label maps: put the cases beside the checkout as ../shared/cases"))
    func structuresOfRealHeadsAgree() throws {
        let folder = try #require(Self.labelMaps)
        let truth: [(AtlasStructure, Set<Float>)] = [
            (.cerebellum, [7, 8, 46, 47]), (.brainstem, [16]), (.thalamus, [10, 49]),
            (.basalGanglia, [11, 12, 13, 50, 51, 52]),
        ]
        for number in ["01", "02", "03"] {
            let fine = try NIfTIFile.readImage(
                folder.appendingPathComponent("training_seg_\(number).nii.gz"), limits: .anyVolume)
            let labels = try Resampler.nearest(fine, to: fine.grid.resized(spacing: [2, 2, 2]))
            let white: Set<Float> = [2, 41, 7, 46, 16, 28, 60, 85]
            let fluid: Set<Float> = [4, 5, 14, 15, 24, 43, 44]
            let image = Image(
                grid: labels.grid,
                values: labels.values.map { label in
                    label == 0 || label > 99 ? 0 : white.contains(label) ? 110 : fluid.contains(label) ? 30 : 80
                })
            let atlas = try #require(try Self.source.atlas())
            let alignment = try #require(
                try AtlasAlignment(
                    image, foreground: image.mask { $0 > 0 }, isSkullStripped: true,
                    tumour: LabelMap(grid: labels.grid, filledWith: 0), to: atlas))
            var hits: [AtlasStructure: Int] = [:]
            var all: [AtlasStructure: Int] = [:]
            var offset = 0
            for k in 0..<labels.grid.size.k {
                for j in 0..<labels.grid.size.j {
                    for i in 0..<labels.grid.size.i {
                        defer { offset += 1 }
                        guard let structure = truth.first(where: { $0.1.contains(labels.values[offset]) })?.0 else {
                            continue
                        }
                        let point = labels.grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
                        all[structure, default: 0] += 1
                        if alignment.structure(at: point) == structure { hits[structure, default: 0] += 1 }
                    }
                }
            }
            for (structure, _) in truth {
                let share = Double(hits[structure] ?? 0) / Double(max(all[structure] ?? 0, 1))
                #expect(share > 0.6, "\(structure.name) of head \(number)")
            }
        }
    }

    private static var labelMaps: URL? {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { folder, _ in folder.deletingLastPathComponent() }
        let named = ProcessInfo.processInfo.environment["NEUROAI_SHARED"].map { URL(fileURLWithPath: $0) }
        let folder = (named ?? root.deletingLastPathComponent().appendingPathComponent("shared"))
            .appendingPathComponent("cases/labelmaps")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }
}
