import Testing

@testable import Imaging

struct ReliabilityTests {
    private func note(
        _ region: TumourRegion, _ sequences: [MRISequence] = MRISequence.allCases, dice: Double? = nil,
        brainMask: BrainMask = .given, lines: [TumourRegion: Double] = [:], enhancement: Enhancement? = nil,
        isOverlaid: Bool = true
    ) throws -> ReliabilityNote {
        let notes = ReliabilityNote.notes(
            sequences: sequences, brainMask: brainMask, expectedDice: dice.map { [region: $0] } ?? [:],
            reviewBelow: lines, enhancement: enhancement, isOverlaid: isOverlaid)
        return try #require(notes.first { $0.region == region })
    }

    @Test func theCasesOwnPredictedDiceIsSaid() throws {
        let good = try note(.wholeTumour, dice: 0.87)
        #expect(good.isReliable && good.note == "Predicted Dice 0.87.")
        let poor = try note(.enhancingTumour, dice: 0.53)
        #expect(!poor.isReliable)
        #expect(poor.note == "The enhancing-tumour mask is unreliable: predicted Dice 0.53, below 0.70.")
        #expect(try !note(.enhancingTumour, dice: 0.73, lines: [.enhancingTumour: 0.75]).isReliable)
    }

    @Test func withoutPredictionTheSequencesDecide() throws {
        #expect(try note(.tumourCore, [.t1ce]).isReliable)
        let blind = try note(.tumourCore, [.flair])
        #expect(!blind.isReliable && blind.note == "Without T1CE the tumour-core mask is unreliable.")
        #expect(try !note(.wholeTumour, [.flair], dice: 0.9, brainMask: BrainMask.none).isReliable)
    }

    /// Series that do not overlay each other may be of different patients.
    @Test(arguments: TumourRegion.allCases) func nothingIsReliableInSeriesThatDoNotOverlay(_ region: TumourRegion)
        throws
    {
        for enhancement in [nil, Enhancement(.none, probability: 0.05), Enhancement(.segmented)] {
            let found = try note(region, dice: 0.95, enhancement: enhancement, isOverlaid: false)
            #expect(!found.isReliable && found.note.hasPrefix("The series do not overlay each other, so the "))
        }
    }

    @Test func noEnhancementIsSaidWithHowSureItIs() throws {
        let clear = try note(.enhancingTumour, enhancement: Enhancement(.none, probability: 0.05))
        #expect(clear.isReliable && clear.note == "No enhancement segmented.")
        #expect(try !note(.enhancingTumour, enhancement: Enhancement(.none, probability: 0.4)).isReliable)
        let blind = try note(.enhancingTumour, [.flair], enhancement: Enhancement(.notAssessed))
        #expect(!blind.isReliable && blind.note == "Enhancement cannot be assessed without T1CE.")
    }
}
