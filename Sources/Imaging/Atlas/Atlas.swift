import Basics
import CITK
import Crypto
import Foundation

/// The templates and label maps of Debian's `mricron-data`, all in MNI space: the target of alignment and the source of
/// anatomical names.
package struct Atlas: Sendable {
    /// Colin27, T1, skull-stripped, and the same head with its skull; RAS mm in MNI space, 2 mm voxels.
    let brain: Image
    let head: Image
    /// Raw values of `AtlasStructure`, 0 if none is near; on the templates' grid.
    let structures: LabelMap
    /// SHA-256 over the files, in the order of `files`.
    package let digest: String

    static let files = [
        "ch2bet.nii.gz", "ch2.nii.gz", "HarvardOxford-cort-maxprob-thr0-1mm.nii.gz",
        "JHU-WhiteMatter-labels-1mm.nii.gz", "aal.nii.gz",
    ]
    /// mm: half the voxels of a lesion's contour are closer to their neighbours than two.
    private static let spacing = 2.0
    /// mm: white matter further than this from any cortex belongs to no lobe.
    private static let reach = 30.0

    /// - Throws: `ImagingError` if a file is damaged.
    package init(folder: URL) throws {
        let urls = Self.files.map { folder.appendingPathComponent($0) }
        var hash = SHA256()
        for url in urls { hash.update(data: Data(try RunManifest.digest(of: url).utf8)) }
        digest = hash.finalize().hexadecimal
        let fine = try urls.concurrentMap { try NIfTIFile.readImage($0, limits: .anyVolume) }
        let grid = fine[0].grid.resized(spacing: [Self.spacing, Self.spacing, Self.spacing])
        brain = try Resampler.linear(fine[0], to: grid)
        head = try Resampler.linear(fine[1], to: grid)
        let labels = try fine.dropFirst(2).map { image in
            // Whole numbers up to 116.
            let near = try Resampler.nearest(image, to: grid)
            return LabelMap(grid: grid, values: near.values.map { UInt8(clamping: Int($0)) })
        }
        structures = try Self.structures(cortex: labels[0], whiteMatter: labels[1], regions: labels[2])
    }

    /// White matter takes the lobe of the nearest cortex; deep structures then cover it.
    private static func structures(
        cortex: LabelMap, whiteMatter: LabelMap, regions: LabelMap
    ) throws -> LabelMap {
        let grid = cortex.grid
        var lobes = LabelMap(grid: grid, filledWith: 0)
        var deep = lobes
        // Later ones cover earlier ones.
        for (labels, name) in [
            (whiteMatter, AtlasStructure.jhu), (cortex, AtlasStructure.harvardOxford), (regions, AtlasStructure.aal),
        ] {
            let structures = (0...UInt8.max).map(name)
            for (index, label) in labels.values.enumerated() where label != 0 {
                guard let structure = structures[Int(label)] else { continue }
                if structure.isLobe {
                    lobes.values[index] = structure.rawValue
                } else {
                    deep.values[index] = structure.rawValue
                }
            }
        }
        var filled = lobes
        try ITKBorder.run("naming the atlas's white matter") { error in
            citk_nearest_label(
                ITKBorder.size(grid.size), grid.spacing, lobes.values, reach, &filled.values, error)
        }
        for (index, label) in deep.values.enumerated() where label != 0 { filled.values[index] = label }
        return filled
    }
}

extension AtlasStructure {
    /// Whether the surrounding white matter belongs to it as well.
    fileprivate var isLobe: Bool {
        switch self {
        case .frontalLobe, .temporalLobe, .parietalLobe, .occipitalLobe, .insula, .cerebellum, .brainstem: true
        case .corpusCallosum, .basalGanglia, .thalamus, .internalCapsule: false
        }
    }
}
