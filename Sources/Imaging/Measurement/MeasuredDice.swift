/// A model's accuracy on held-out patients, for one set of sequences.
package struct MeasuredDice: Equatable, Sendable {
    /// The number of patients.
    package let patients: Int
    /// Mean Dice, 0...1.
    package let dice: [TumourRegion: Double]

    package init(patients: Int, dice: [TumourRegion: Double]) {
        self.patients = patients
        self.dice = dice
    }
}
