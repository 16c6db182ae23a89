/// How a data set's pixels are stored (PS3.3 §C.7.6.3).
package struct PixelLayout: Equatable, Sendable {
    package let rows: Int
    package let columns: Int
    package let frames: Int
    package let samples: Int
    package let bitsAllocated: Int
    package let bitsStored: Int
    package let highBit: Int
    package let isSigned: Bool
    /// Whether each sample's plane is stored by itself.
    package let isPlanar: Bool
    package let photometricInterpretation: String

    /// - Throws: `DicomError` if the attributes are missing, contradict each other or are not supported.
    package init(_ dataSet: DataSet) throws {
        guard let rows = dataSet.integer(.rows), let columns = dataSet.integer(.columns), rows > 0, columns > 0 else {
            throw DicomError(.damaged, "The image has no rows or no columns.", tag: .rows)
        }
        guard let allocated = dataSet.integer(.bitsAllocated), [1, 8, 16, 32].contains(allocated) else {
            throw DicomError(.unsupported, "Pixels of this size are not supported.", tag: .bitsAllocated)
        }
        let stored = dataSet.integer(.bitsStored) ?? allocated
        let high = dataSet.integer(.highBit) ?? stored - 1
        guard (1...allocated).contains(stored), high < allocated, high + 1 >= stored else {
            throw DicomError(.damaged, "The stored bits do not fit into the allocated bits.", tag: .bitsStored)
        }
        let frames = dataSet.integer(.numberOfFrames) ?? 1
        let samples = dataSet.integer(.samplesPerPixel) ?? 1
        guard (1...1_000_000).contains(frames), samples == 1 || samples == 3 else {
            throw DicomError(.unsupported, "The number of frames or of samples is not supported.", tag: .numberOfFrames)
        }
        self.rows = rows
        self.columns = columns
        self.frames = frames
        self.samples = samples
        bitsAllocated = allocated
        bitsStored = stored
        highBit = high
        isSigned = dataSet.integer(.pixelRepresentation) == 1
        isPlanar = samples > 1 && dataSet.integer(.planarConfiguration) == 1
        photometricInterpretation = dataSet.string(.photometricInterpretation) ?? "MONOCHROME2"
        guard !photometricInterpretation.hasSuffix("422"), !photometricInterpretation.hasSuffix("420") else {
            throw DicomError(.unsupported, "Subsampled colours are not supported.", tag: .photometricInterpretation)
        }
    }

    /// Values of one frame.
    package var frameCount: Int { rows * columns * samples }
    /// Bytes of one value; 1 also for single bits.
    var width: Int { max(1, bitsAllocated / 8) }

    /// The stored value in the bits of an allocated word (PS3.5 §8.1.1).
    func value(_ word: UInt32) -> Int {
        let shifted = Int(word >> UInt32(highBit + 1 - bitsStored)) & (1 << bitsStored - 1)
        return isSigned && shifted >> (bitsStored - 1) == 1 ? shifted - 1 << bitsStored : shifted
    }
}
