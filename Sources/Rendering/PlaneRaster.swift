import Foundation
import Imaging

/// One plane through a volume as square pixels in radiological convention: the patient's right is on the left of axial and
/// coronal planes; anterior is on the left of sagittal ones; anterior or superior is up.
struct PlaneRaster {
    enum Plane: CaseIterable {
        case axial, coronal, sagittal

        /// Patient axes (0 x, 1 y, 2 z in RAS): across, down, and perpendicular to the plane.
        fileprivate var axes: (across: Int, down: Int, cut: Int) {
            switch self {
            case .axial: (0, 1, 2)
            case .coronal: (0, 2, 1)
            case .sagittal: (1, 2, 0)
            }
        }
    }

    let width: Int
    let height: Int
    /// Brightness 0...255, row by row from the top left.
    let brightness: [UInt8]
    /// Labels at the same pixels.
    let labels: [UInt8]

    /// - Parameters:
    ///   - image, labels: one RAS grid.
    ///   - pixel: the pixel size in mm.
    ///   - window: the intensities of black and white.
    init(_ plane: Plane, of image: Image, _ labels: LabelMap, pixel: Double, window: ClosedRange<Float>) {
        let grid = image.grid
        let axes = plane.axes
        let width = Int((Double(grid.size[axes.across]) * grid.spacing[axes.across] / pixel).rounded(.up))
        let height = Int((Double(grid.size[axes.down]) * grid.spacing[axes.down] / pixel).rounded(.up))
        var index = [0, 0, 0]
        index[axes.cut] = Self.slice(labels, cut: axes.cut)
        var brightness: [UInt8] = []
        var found: [UInt8] = []
        let span = max(window.upperBound - window.lowerBound, .leastNormalMagnitude)
        for row in 0..<height {
            index[axes.down] = Self.falling(row, pixel, grid, axes.down)
            for column in 0..<width {
                index[axes.across] = Self.falling(column, pixel, grid, axes.across)
                let share = (image[index[2], index[1], index[0]] - window.lowerBound) / span
                brightness.append(UInt8(min(max(share, 0), 1) * 255))
                found.append(labels[index[2], index[1], index[0]])
            }
        }
        self.width = width
        self.height = height
        self.brightness = brightness
        self.labels = found
    }

    /// Pixels run against the patient axes: towards left, posterior and inferior.
    private static func falling(_ pixelIndex: Int, _ pixel: Double, _ grid: VoxelGrid, _ axis: Int) -> Int {
        let place = Int((Double(pixelIndex) + 0.5) * pixel / grid.spacing[axis])
        return max(grid.size[axis] - 1 - place, 0)
    }

    /// The slice with the most labelled voxels, otherwise the middle one.
    private static func slice(_ labels: LabelMap, cut: Int) -> Int {
        let size = labels.grid.size
        var counts = [Int](repeating: 0, count: size[cut])
        for (offset, label) in labels.values.enumerated() where label != 0 {
            let row = offset / size.i
            counts[[offset % size.i, row % size.j, row / size.j][cut]] += 1
        }
        guard let most = counts.max(), most > 0, let slice = counts.firstIndex(of: most) else { return size[cut] / 2 }
        return slice
    }

    /// Whether a pixel is inside a region and one of its four neighbours is not.
    func isEdge(_ x: Int, _ y: Int, of region: Set<UInt8>) -> Bool {
        guard region.contains(labels[y * width + x]) else { return false }
        return [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)].contains { x, y in
            guard (0..<width).contains(x), (0..<height).contains(y) else { return true }
            return !region.contains(labels[y * width + x])
        }
    }
}
