import Dicom
import Testing

struct TagTests {
    @Test func dictionaryKnowsAttributesAndRepeatingGroups() {
        let dictionary = DataDictionary.standard
        #expect(dictionary.count > 5000)
        #expect(dictionary[.modality]?.keyword == "Modality" && dictionary[.modality]?.vr == .codeString)
        #expect(dictionary[.pixelData]?.vr == nil)
        #expect(dictionary[Tag(0x6002, 0x0010)]?.keyword == "OverlayRows")
        #expect(dictionary[Tag(0x0009, 0x0010)] == nil)
        #expect(Tag.pixelData.description == "(7FE0,0010)")
    }
}
