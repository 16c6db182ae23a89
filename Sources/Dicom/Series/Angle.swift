import Foundation

enum Angle {
    /// The angle whose tangent is given.
    static func degrees(of tangent: Double) -> Double { atan(tangent) * 180 / .pi }
}
