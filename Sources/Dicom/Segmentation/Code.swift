/// A coded concept (PS3.3 §8.8).
package struct Code: Equatable, Sendable {
    package let value: String
    package let scheme: String
    package let meaning: String

    package init(_ value: String, _ scheme: String, _ meaning: String) {
        self.value = value
        self.scheme = scheme
        self.meaning = meaning
    }

    var item: DataSet {
        DataSet([
            DataElement(.codeValue, .shortString, value), DataElement(.codingSchemeDesignator, .shortString, scheme),
            DataElement(.codeMeaning, .longString, meaning),
        ])
    }

    static let brain = Code("12738006", "SCT", "Brain")
    static let abnormalStructure = Code("49755003", "SCT", "Morphologically Abnormal Structure")
    static let segmentation = Code("113076", "DCM", "Segmentation")
    static let sourceImage = Code("121322", "DCM", "Source image for image processing operation")
}
