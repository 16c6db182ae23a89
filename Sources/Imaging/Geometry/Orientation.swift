/// The anatomical direction nearest to each of a grid's three axes, for example `RAS` or `LPS`.
package struct Orientation: Equatable, Sendable, CustomStringConvertible {
    /// One axis of a grid: the patient axis that it follows (0 left–right, 1 posterior–anterior, 2 inferior–superior)
    /// and whether its index increases towards right, anterior or superior.
    package struct Axis: Equatable, Sendable {
        package let patientAxis: Int
        package let isRising: Bool

        package init(patientAxis: Int, isRising: Bool) {
            self.patientAxis = patientAxis
            self.isRising = isRising
        }
    }

    /// For the grid's axes i, j, k; each patient axis appears once.
    package let axes: [Axis]

    package static let ras = Orientation(axes: (0..<3).map { Axis(patientAxis: $0, isRising: true) })

    package var description: String {
        axes.map { ["LR", "PA", "IS"][$0.patientAxis].suffix($0.isRising ? 1 : 2).prefix(1) }.joined()
    }

    private init(axes: [Axis]) {
        self.axes = axes
    }

    /// Assigns the largest direction cosine first, so that oblique grids also use each patient axis once.
    package init(of affine: VoxelAffine) {
        let cosines = (0..<3).map { affine.step(axis: $0).normalised.components }
        var axes = [Axis?](repeating: nil, count: 3)
        var takenByPatient = [false, false, false]
        for _ in 0..<3 {
            var best: (axis: Int, patient: Int) = (0, 0)
            var size = -1.0
            for axis in 0..<3 where axes[axis] == nil {
                for patient in 0..<3 where !takenByPatient[patient] && abs(cosines[axis][patient]) > size {
                    size = abs(cosines[axis][patient])
                    best = (axis, patient)
                }
            }
            axes[best.axis] = Axis(patientAxis: best.patient, isRising: cosines[best.axis][best.patient] >= 0)
            takenByPatient[best.patient] = true
        }
        self.axes = axes.compactMap { $0 }
    }
}

/// A permutation of a grid's axes that changes no value: the source axis of each target axis, and whether it is
/// reversed.
package struct AxisRearrangement: Equatable, Sendable {
    /// For target axis 0, 1, 2: the source axis.
    package let sources: [Int]
    /// For target axis 0, 1, 2: whether its index decreases as the source's increases.
    package let isFlipped: [Bool]

    package init(sources: [Int], isFlipped: [Bool]) {
        self.sources = sources
        self.isFlipped = isFlipped
    }

    package static let identity = AxisRearrangement(sources: [0, 1, 2], isFlipped: [false, false, false])

    package init(from source: Orientation, to target: Orientation) {
        var sources = [Int]()
        var flipped = [Bool]()
        for axis in target.axes {
            let found = source.axes.firstIndex { $0.patientAxis == axis.patientAxis } ?? 0
            sources.append(found)
            flipped.append(source.axes[found].isRising != axis.isRising)
        }
        self.init(sources: sources, isFlipped: flipped)
    }
}
