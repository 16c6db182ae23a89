import Testing

@testable import Imaging

struct ReliabilityTests {
    private func note(
        _ region: TumourRegion, _ sequences: [MRISequence], dice: Double?, brainMask: BrainMask = .given
    ) throws -> ReliabilityNote {
        let measured = dice.map { MeasuredDice(patients: 6, dice: [region: $0]) }
        let notes = ReliabilityNote.notes(sequences: sequences, brainMask: brainMask, measured: measured)
        return try #require(notes.first { $0.region == region })
    }

    @Test func whatWasMeasuredIsSaid() throws {
        let good = try note(.wholeTumour, [.flair, .t1ce], dice: 0.87)
        #expect(good.isReliable && good.note.contains("0.87 for whole tumour on 6 held-out patients"))
        let poor = try note(.enhancingTumour, [.flair, .t1ce], dice: 0.53)
        #expect(
            !poor.isReliable && poor.note.contains("0.53")
                && poor.note.contains("the enhancing-tumour mask is unreliable"))
        #expect(try note(.tumourCore, [.t1ce], dice: nil).isReliable)
    }

    @Test func aHighFigureDoesNotReplaceTheSequence() throws {
        let blind = try note(.enhancingTumour, [.flair], dice: 0.9)
        #expect(!blind.isReliable && blind.note.contains("Without T1CE"))
        #expect(try !note(.wholeTumour, [.flair], dice: 0.9, brainMask: BrainMask.none).isReliable)
    }
}
