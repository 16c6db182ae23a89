/// A segment of a segmentation: the voxels with one label.
package struct Segment: Equatable, Sendable {
    /// The value in the label map.
    package let label: UInt8
    package let name: String
    /// From CID 7159 or 7151 of PS3.16.
    package let type: Code
    /// L*, a*, b* as integers of 16 bits (PS3.3 §C.10.7.1.1).
    let colour: [Int]

    /// BraTS 2023: the labels that the platform writes.
    package static let brats = [
        Segment(
            label: 1, name: "Necrotic tumour core", type: Code("6574001", "SCT", "Necrosis"),
            colour: [34884, 53485, 50171]),
        Segment(label: 2, name: "Oedema", type: Code("79654002", "SCT", "Edema"), colour: [57494, 10791, 53923]),
        Segment(
            label: 3, name: "Enhancing tumour", type: Code("C113842", "NCIt", "Enhancing Lesion"),
            colour: [63657, 27242, 57054]),
    ]
}
