/// The mean and standard deviation of a series' foreground, in the series' own unit.
package struct IntensityStatistics: Equatable, Sendable {
    package let mean: Double
    package let deviation: Double

    /// - Parameter floor: the minimum deviation, so that a uniform image does not become infinite.
    package init(_ values: [Float], within inside: [UInt8], floor: Double) {
        var count = 0.0
        var sum = 0.0
        for (index, mark) in inside.enumerated() where mark != 0 {
            count += 1
            sum += Double(values[index])
        }
        let mean = count > 0 ? sum / count : 0
        var squares = 0.0
        for (index, mark) in inside.enumerated() where mark != 0 {
            let difference = Double(values[index]) - mean
            squares += difference * difference
        }
        self.mean = mean
        deviation = max((squares / max(count, 1)).squareRoot(), floor)
    }

    /// z-scores; 0 outside the mask if one is given.
    package func zScores(_ values: [Float], within inside: [UInt8]?) -> [Float] {
        values.indices.map { index in
            if let inside, inside[index] == 0 { return 0 }
            return Float((Double(values[index]) - mean) / deviation)
        }
    }
}
