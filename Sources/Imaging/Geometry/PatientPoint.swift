/// A point in patient space: millimetres, RAS (x to the patient's right, y anterior, z superior).
package struct PatientPoint: Equatable, Sendable, Codable {
    package var x: Double
    package var y: Double
    package var z: Double

    package init(x: Double, y: Double, z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    package static func - (left: PatientPoint, right: PatientPoint) -> PatientPoint {
        PatientPoint(x: left.x - right.x, y: left.y - right.y, z: left.z - right.z)
    }

    /// The Euclidean distance to `other` in millimetres.
    package func distance(to other: PatientPoint) -> Double {
        let d = self - other
        return (d.x * d.x + d.y * d.y + d.z * d.z).squareRoot()
    }
}
