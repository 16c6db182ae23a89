import Foundation
import Testing

@testable import Imaging

/// Headers on either side of each validity limit: the reader's assumptions determine side and size.
struct NIfTIBoundaryTests {
    private func read(_ change: (inout NIfTIBuilder) -> Void) throws -> Image {
        var builder = NIfTIBuilder()
        change(&builder)
        return try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("image.nii")
            try builder.bytes.write(to: file)
            return try NIfTIFile.readImage(file)
        }
    }

    private func agrees(_ change: (inout NIfTIBuilder) -> Void) throws -> Bool {
        var builder = NIfTIBuilder()
        builder.qformCode = 1
        change(&builder)
        do {
            try NIfTIHeader(Array(builder.bytes.prefix(540))).checkAgreement()
            return true
        } catch is ImagingError {
            return false
        }
    }

    /// Two axes at an angle of three degrees are singular; at twelve degrees they form a sheared box.
    @Test func axesThatNearlyCoincideAreNoForm() throws {
        func sform(_ sine: Float) -> [Float] {
            [4, 4 * (1 - sine * sine).squareRoot(), 0, -30, 0, 4 * sine, 0, -30, 0, 0, 4, -30]
        }
        let error = #expect(throws: ImagingError.self) { try read { $0.sform = sform(0.05) } }
        #expect(error?.message.contains("singular") == true, "\(error?.message ?? "")")
        #expect(abs(try read { $0.sform = sform(0.2) }.grid.voxelVolume - 64 * 0.2) < 1e-3)
    }

    /// The vector part of a unit quaternion that rotates by these degrees about z.
    private static func turned(by degrees: Double) -> [Float] { [0, 0, Float(sin(degrees / 2 * .pi / 180))] }

    @Test func twoFormsMayDifferByRounding() throws {
        // About the first voxel, whose position does not change.
        #expect(try agrees { $0.quaternion = Self.turned(by: 0.4) })
        #expect(try !agrees { $0.quaternion = Self.turned(by: 0.7) })
        #expect(try agrees { $0.offset[2] += 1.8 } && !agrees { $0.offset[2] += 2.2 })
        #expect(try agrees { $0.spacing[1] = 4.015 } && !agrees { $0.spacing[1] = 4.03 })
    }

    @Test func withoutQformThePixdimIsComparedAsWell() throws {
        #expect(
            try agrees {
                $0.qformCode = 0
                $0.spacing[2] = 4.015
            })
        #expect(
            try !agrees {
                $0.qformCode = 0
                $0.spacing[2] = 4.04
            })
    }

    /// By the standard, a qfac of 0 counts as 1.
    @Test func aMissingSignOfTheThirdAxisIsRightHanded() throws {
        for (sign, z) in [(Float(0), 4.0), (1, 4), (-1, -4)] {
            let image = try read {
                $0.sformCode = 0
                $0.qformCode = 1
                $0.spacing[0] = sign
            }
            #expect(image.grid.affine.rows[10] == z, "\(sign)")
        }
    }

    /// Values left in the rows of an unused form have no effect on the position.
    @Test func aFormWithoutACodeIsNotUsed() throws {
        let image = try read {
            $0.sformCode = 0
            $0.sform = [-4, 0, 0, 30, 0, 4, 0, -30, 0, 0, 4, -30]
            $0.qformCode = 1
        }
        #expect(image.grid.affine.rows[0] == 4 && image.grid.affine.rows[3] == -30)
    }

    /// Without a slope there is no scaling, whatever the intercept contains.
    @Test(arguments: [Float(0), .nan]) func anInterceptNeedsASlope(_ slope: Float) throws {
        let image = try read {
            $0.slope = slope
            $0.intercept = 7
        }
        #expect(image.values.prefix(4) == [0, 1, 2, 3])
        #expect(
            try read {
                $0.slope = 1
                $0.intercept = 7
            }.values.prefix(2) == [7, 8])
    }

    /// 32 litres are too large for a head, although each axis is within its limits.
    @Test func aHeadHasThirtyLitres() throws {
        for (length, isTaken) in [(155, true), (160, false)] {
            let grid = VoxelGrid(
                size: GridSize(i: length, j: length, k: 155), affine: VoxelAffine(spacing: [2, 2, 2], origin: .origin))
            if isTaken {
                try NIfTILimits.head.check(grid)
            } else {
                let error = #expect(throws: ImagingError.self) { try NIfTILimits.head.check(grid) }
                #expect(error?.message.contains("30 litres") == true)
            }
        }
    }

    @Test func theLeastAndTheMostAreTaken() throws {
        func check(_ size: [Int], _ spacing: [Double]) throws {
            try NIfTILimits.head.check(
                VoxelGrid(size: GridSize(size), affine: VoxelAffine(spacing: spacing, origin: .origin)))
        }
        try check([40, 400, 200], [1, 1, 1])
        try check([8, 100, 100], [15, 1, 1])
        try check([400, 400, 40], [0.1, 1, 1])
        for (size, spacing) in [
            ([39, 200, 200], [1.0, 1, 1]), ([401, 100, 100], [1, 1, 1]), ([7, 100, 100], [15, 1, 1]),
        ] {
            #expect(throws: ImagingError.self, "\(size)") { try check(size, spacing) }
        }
        #expect(throws: ImagingError.self) { try check([8, 100, 100], [15.1, 1, 1]) }
        #expect(throws: ImagingError.self) { try check([420, 100, 100], [0.099, 1, 1]) }
    }

    /// A slope of NaN means no scaling, and its bits may contain a name.
    @Test func aNameInAnUnusedSlopeGoes() throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("image.nii")
            var builder = NIfTIBuilder()
            builder.offset = [0, 0, 0]
            for slope in [Float(bitPattern: 0x7fc0_4d49), 0] {
                builder.slope = slope
                builder.intercept = Float(bitPattern: 0x5448_4a4f)
                try builder.bytes.write(to: file)
                #expect(try !DeidentifiedNIfTI.isNeedless(for: file))
                let clean = try DeidentifiedNIfTI(file)
                var kept = Data()
                while let piece = try clean.next() { kept.append(piece) }
                #expect(kept.count == builder.bytes.count && kept[112..<120].allSatisfy { $0 == 0 })
            }
        }
    }

    /// The header of the second gzip member may contain a name: gzip allows concatenated members.
    @Test func aFileOfTwoGzipMembersIsWrittenAnew() throws {
        try inTemporaryFolder { folder in
            var builder = NIfTIBuilder()
            builder.offset = [0, 0, 0]
            let bytes = builder.bytes
            var joined = Data()
            for (number, part) in [bytes.prefix(1000), bytes.dropFirst(1000)].enumerated() {
                let file = folder.appendingPathComponent("part\(number).gz")
                let writer = try GzipWriter(file, level: 6)
                try writer.write([UInt8](part))
                try writer.finish()
                var packed = try Data(contentsOf: file)
                if number == 1 {
                    packed[3] |= 8
                    packed.insert(contentsOf: Data("SMITH^JOHN\0".utf8), at: 10)
                }
                joined.append(packed)
            }
            let file = folder.appendingPathComponent("joined.nii.gz")
            try joined.write(to: file)
            #expect(try NIfTIFile.readImage(file).values.prefix(3) == [0, 1, 2])
            #expect(try !DeidentifiedNIfTI.isNeedless(for: file))
        }
    }

    /// A probability just below the threshold must not be rounded into the mask.
    @Test func probabilitiesAreRoundedDown() throws {
        try inTemporaryFolder { folder in
            let grid = Phantom.grid(GridSize(i: 4, j: 1, k: 1), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
            let map = Image(grid: grid, values: [0.4999, 0.5, 0.9999, 0])
            let file = folder.appendingPathComponent("maps.nii")
            try NIfTIFile.write(
                probabilities: [.wholeTumour: map, .tumourCore: map, .enhancingTumour: map], to: file)
            let stream = try ByteStream(file)
            _ = try stream.skip(352)
            let bytes = try stream.read(16)
            let values = stride(from: 0, to: 16, by: 4).map { start in
                bytes[start..<start + 4].withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
            }
            #expect(values == [511.0 / 1024, 0.5, 1023.0 / 1024, 0])
            #expect(throws: ImagingError.self) { try NIfTIFile.write(probabilities: [.wholeTumour: map], to: file) }
        }
    }

    @Test func labelsThatTellNothingAreRefused() {
        for labels in [[1, 3, 4], [3, 4], [0, 3, 4, 2]] as [Set<UInt8>] {
            let error = #expect(throws: ImagingError.self) { try LabelConvention.detected(in: labels) }
            #expect(error?.code == .ambiguousLabels, "\(labels)")
        }
    }

    /// Some writers set the code but leave the rows at zero, except for the offset.
    @Test func aFormOfZeroRowsIsNotUsed() throws {
        let image = try read {
            $0.sformCode = 1
            $0.sform = [0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7]
            $0.qformCode = 1
        }
        #expect(image.grid.affine.rows[0] == 4 && image.grid.affine.rows[3] == -30)
    }
}
