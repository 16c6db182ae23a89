/// How well a model did on patients it never saw, with a given set of sequences.
package struct MeasuredDice: Equatable, Sendable {
    /// How many patients were measured.
    package let patients: Int
    /// Mean Dice, 0...1.
    package let dice: [TumourRegion: Double]

    package init(patients: Int, dice: [TumourRegion: Double]) {
        self.patients = patients
        self.dice = dice
    }
}
