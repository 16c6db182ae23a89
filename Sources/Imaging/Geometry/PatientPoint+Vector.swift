extension PatientPoint {
    package static let origin = PatientPoint(x: 0, y: 0, z: 0)

    package var components: [Double] { [x, y, z] }

    package static func + (left: PatientPoint, right: PatientPoint) -> PatientPoint {
        PatientPoint(x: left.x + right.x, y: left.y + right.y, z: left.z + right.z)
    }

    package static func * (factor: Double, point: PatientPoint) -> PatientPoint {
        PatientPoint(x: factor * point.x, y: factor * point.y, z: factor * point.z)
    }

    package func dot(_ other: PatientPoint) -> Double { x * other.x + y * other.y + z * other.z }

    /// The same direction with length 1; the zero vector is unchanged.
    package var normalised: PatientPoint {
        let length = dot(self).squareRoot()
        return length > 0 ? (1 / length) * self : self
    }
}
