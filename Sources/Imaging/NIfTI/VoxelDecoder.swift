/// Turns stored voxels into intensities.
struct VoxelDecoder {
    let layout: NIfTIHeader.Layout

    /// - Parameter bytes: whole voxels, aligned for their type; swapped in place if the file's byte order differs from
    ///   the machine's.
    func decode(_ bytes: UnsafeMutableRawBufferPointer, into output: UnsafeMutableBufferPointer<Float>) {
        switch layout.datatype {
        case .uint8: convert(bytes.bindMemory(to: UInt8.self), output) { Double($0) }
        case .int8: convert(bytes.bindMemory(to: Int8.self), output) { Double($0) }
        case .int16: convert(ordered(bytes, Int16.self), output) { Double($0) }
        case .uint16: convert(ordered(bytes, UInt16.self), output) { Double($0) }
        case .int32: convert(ordered(bytes, Int32.self), output) { Double($0) }
        case .uint32: convert(ordered(bytes, UInt32.self), output) { Double($0) }
        case .int64: convert(ordered(bytes, Int64.self), output) { Double($0) }
        case .uint64: convert(ordered(bytes, UInt64.self), output) { Double($0) }
        case .float32: convert(ordered(bytes, UInt32.self), output) { Double(Float(bitPattern: $0)) }
        case .float64: convert(ordered(bytes, UInt64.self), output) { Double(bitPattern: $0) }
        }
    }

    private func ordered<Value: FixedWidthInteger>(
        _ bytes: UnsafeMutableRawBufferPointer, _ type: Value.Type
    ) -> UnsafeMutableBufferPointer<Value> {
        let values = bytes.bindMemory(to: Value.self)
        guard layout.isBigEndian != (1.bigEndian == 1) else { return values }
        for index in 0..<values.count { values[index] = values[index].byteSwapped }
        return values
    }

    @inline(__always)
    private func convert<Value>(
        _ input: UnsafeMutableBufferPointer<Value>, _ output: UnsafeMutableBufferPointer<Float>,
        _ number: (Value) -> Double
    ) {
        let (slope, intercept) = (layout.slope, layout.intercept)
        if layout.isScaled {
            for index in 0..<input.count { output[index] = Float(number(input[index]) * slope + intercept) }
        } else {
            for index in 0..<input.count { output[index] = Float(number(input[index])) }
        }
    }
}
