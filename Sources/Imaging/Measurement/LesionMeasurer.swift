import CITK

/// Measures the lesions of a study on the voxels of the reference series.
struct LesionMeasurer {
    /// A lesion is bilateral if its smaller half has at least this share of it.
    private static let bothSidesShare = 0.25

    private let masks: [TumourRegion: LabelMap]
    private let probability: Image
    private let foreground: LabelMap
    private let brainMask: BrainMask
    private let predictor: LesionConfidencePredictor?
    private let alignment: AtlasAlignment?

    /// Works in RAS order; `probabilities` and `masks` are on the reference's grid.
    ///
    /// - Parameter alignment: with a sufficient fit, for lobes and the midline; without it lobes are not named and the
    ///   midline is the sagittal plane through the middle of the brain.
    init(_ probabilities: TumourProbabilities, _ masks: RegionMasks, alignment: AtlasAlignment? = nil) throws {
        guard let probability = probabilities.regions[.wholeTumour] else {
            throw ImagingError(.internalFault, "The probability map of the whole tumour is missing.")
        }
        let head = probabilities.foreground.reoriented()
        let whole = masks.masks[.wholeTumour]?.reoriented()
        // Images have far more background than brain.
        var looked = head
        if let whole { for index in looked.values.indices where whole.values[index] != 0 { looked.values[index] = 1 } }
        let all = VoxelBox(lower: [0, 0, 0], size: head.grid.size)
        let box = looked.boundingBox ?? all
        self.masks = masks.masks.mapValues { $0.reoriented().cropped(to: box) }
        self.probability = probability.reoriented().cropped(to: box)
        foreground = head.cropped(to: box)
        brainMask = probabilities.brainMask
        predictor = probabilities.lesionPredictor
        self.alignment = alignment
    }

    private var grid: VoxelGrid { foreground.grid }

    /// Largest first.
    func lesions() throws -> [Lesion] {
        guard let whole = masks[.wholeTumour], whole.values.contains(1) else { return [] }
        let minimum = Self.minimumVoxels(on: grid)
        let components = try Components(of: whole, touchesDiagonally: true, minimumVoxels: minimum)
        guard components.count > 0 else { return [] }
        let parts = try LesionParts(masks, of: components, minimumVoxels: minimum)
        let depth = try brainMask == .none ? nil : depthBelowSurface()
        let middle = alignment == nil ? middleOfForeground() : 0
        return components.members.enumerated().map { number, offsets in
            let regions = parts.measurements(of: number + 1, offsets, voxelVolume: grid.voxelVolume, set: voxels)
            return lesion(number + 1, offsets, regions, depth: depth, middle: middle)
        }
    }

    /// The minimum voxel count of a lesion, a part of its core and an enhancing focus.
    static func minimumVoxels(on grid: VoxelGrid) -> Int {
        max(Int((MeasurementLimits.minimumVolume / grid.voxelVolume).rounded(.up)), 1)
    }

    private func voxels(_ offsets: [Int]) -> VoxelSet { VoxelSet(grid: grid, indices: offsets.map(index)) }

    private func lesion(
        _ number: Int, _ offsets: [Int], _ regions: [TumourRegion: RegionMeasurement], depth: [Float]?, middle: Double
    ) -> Lesion {
        let set = voxels(offsets)
        let whole = regions[.wholeTumour]?.diameters ?? RegionMeasurement.Diameters(set)
        let mean = offsets.reduce(0.0) { $0 + Double(probability.values[$1]) } / Double(offsets.count)
        let confidence =
            predictor?.confidence(probability: mean, volume: Double(offsets.count) * grid.voxelVolume) ?? mean
        let points = set.indices.map(set.point)
        let places = points.map { alignment?.distanceFromMidline($0) ?? $0.x - middle }
        return Lesion(
            number: number, volumes: regions.mapValues(\.volume), confidence: confidence,
            maximumDiameter: whole.maximum, axialDiameter: whole.axial, perpendicularDiameter: whole.perpendicular,
            bidimensionalProduct: whole.product, centre: set.centre, side: side(places),
            locations: locations(points),
            touchesMidline: places.contains { abs($0) <= MeasurementLimits.midlineReach },
            touchesCortex: depth.map { depth in
                offsets.contains { Double(-depth[$0]) <= MeasurementLimits.cortexReach }
            },
            regions: regions)
    }

    private func locations(_ points: [PatientPoint]) -> [LesionLocation] {
        guard let alignment else { return [] }
        var counts: [AtlasStructure: Int] = [:]
        for point in points {
            if let structure = alignment.structure(at: point) { counts[structure, default: 0] += 1 }
        }
        return counts.map { LesionLocation(structure: $0, share: Double($1) / Double(points.count)) }
            .sorted { ($1.share, $0.structure.rawValue) < ($0.share, $1.structure.rawValue) }
    }

    /// `places`: distances in mm from the mid-plane, positive to the patient's right.
    private func side(_ places: [Double]) -> Lesion.Side {
        let right = Double(places.filter { $0 > 0 }.count) / Double(places.count)
        if right >= Self.bothSidesShare, right <= 1 - Self.bothSidesShare { return .midline }
        return right > 0.5 ? .right : .left
    }

    /// x (RAS mm) of the sagittal plane through the middle of the brain's or head's voxels.
    private func middleOfForeground() -> Double {
        var sum = 0.0
        var count = 0.0
        for (offset, value) in foreground.values.enumerated() where value != 0 {
            let place = index(offset)
            sum += grid.affine.point(i: Double(place.i), j: Double(place.j), k: Double(place.k)).x
            count += 1
        }
        return sum / max(count, 1)
    }

    /// The distance in mm from each voxel to the brain's surface, negative inside. Images are often cropped to the
    /// brain, so the surface includes the image's edge.
    private func depthBelowSurface() throws -> [Float] {
        let box = VoxelBox(lower: [1, 1, 1], size: grid.size)
        let wider = grid.cropped(lower: [-1, -1, -1], size: GridSize(grid.size.lengths.map { $0 + 2 }))
        let brain = foreground.pasted(into: wider, at: box, outside: 0)
        var filled = brain.values
        try ITKBorder.run("finding the brain's surface") { error in
            citk_fill_holes(ITKBorder.size(wider.size), brain.values, &filled, error)
        }
        var distance = [Float](repeating: 0, count: filled.count)
        try ITKBorder.run("measuring the depth of lesions") { error in
            citk_signed_distance(ITKBorder.size(wider.size), grid.spacing, filled, &distance, error)
        }
        return Image(grid: wider, values: distance).cropped(to: box).values
    }

    private func index(_ offset: Int) -> VoxelSet.Index {
        let row = offset / grid.size.i
        return VoxelSet.Index(i: offset % grid.size.i, j: row % grid.size.j, k: row / grid.size.j)
    }
}
