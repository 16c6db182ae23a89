import Testing

@testable import Imaging

struct QuantityTextTests {
    @Test(arguments: [
        (0.0, "0.00 ml"), (4, "0.00 ml"), (5, "0.01 ml"), (6789, "6.79 ml"), (9994, "9.99 ml"), (9995, "10.0 ml"),
        (12_345, "12.3 ml"), (201_650, "201.7 ml"), (201_749, "201.7 ml"), (201_750, "201.8 ml"), (201_250, "201.3 ml"),
    ])
    func aVolumeIsRoundedAsAReaderRounds(_ cubicMillimetres: Double, _ text: String) {
        #expect(QuantityText.volume(cubicMillimetres).text == text)
        // The rounding error of a rotated affine's voxel volume.
        #expect(QuantityText.volume(cubicMillimetres * (1 - 1e-13)).text == text)
    }

    @Test func otherQuantitiesHaveTheirUnits() {
        #expect(QuantityText.length(65.5).text == "66 mm" && QuantityText.area(2600.4).text == "2600 mm²")
        #expect(QuantityText.lengths(65.8, 39.6).text == "66 × 40 mm")
        #expect(QuantityText.share(0.625).text == "63 %" && QuantityText.count(3).text == "3")
        #expect(QuantityText.coefficient(0.335).text == "0.34")
    }
}
