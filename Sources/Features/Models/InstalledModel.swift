import Basics
import Imaging
import Kernel

/// A model package that lies on this machine, as it describes itself.
package struct InstalledModel: Sendable, Equatable {
    package let identity: ModelIdentity
    /// In one sentence.
    package let architecture: String
    /// Sequences without which it cannot work; empty where any non-empty subset will do.
    package let requiredSequences: [MRISequence]
    /// How well it did on patients it never saw, for every set of sequences that was measured.
    package let measured: [Measurement]

    /// Mean Dice with one set of sequences.
    package struct Measurement: Sendable, Equatable, Encodable {
        package let sequences: [MRISequence]
        package let patients: Int
        package let dice: [TumourRegion: Double]

        package init(sequences: [MRISequence], _ measured: MeasuredDice) {
            self.sequences = sequences
            patients = measured.patients
            dice = measured.dice
        }
    }

    package init(
        identity: ModelIdentity, architecture: String, requiredSequences: [MRISequence] = [],
        measured: [Measurement] = []
    ) {
        self.identity = identity
        self.architecture = architecture
        self.requiredSequences = requiredSequences
        self.measured = measured
    }

    /// The same on every machine: the first 128 bits of the digest as a UUID of version 8 (RFC 9562 §5.8).
    package var id: ID<ModelVersion>? {
        var digits = Array(identity.digest.prefix(32))
        guard digits.count == 32 else { return nil }
        digits[12] = "8"
        digits[16] = "8"
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return ID(parts.joined(separator: "-"))
    }

    /// Whether a client means this one by its id, its digest, or its name and version.
    func isMeant(by text: String) -> Bool {
        text == id?.string || text == identity.digest || text == "\(identity.name) \(identity.version)"
    }
}

/// The model packages of this machine.
package struct InstalledModels: Sendable {
    /// Read anew at each call; packages that are damaged are left out.
    package let list: @Sendable () -> [InstalledModel]
    /// The operator's choice, which works where no institution has chosen another; nil where there is none.
    package let defaultModel: @Sendable () -> ModelIdentity?

    package init(
        list: @escaping @Sendable () -> [InstalledModel], defaultModel: @escaping @Sendable () -> ModelIdentity?
    ) {
        self.list = list
        self.defaultModel = defaultModel
    }

    /// One model, which is the operator's choice.
    package init(only model: InstalledModel) {
        self.init(list: { [model] }, defaultModel: { model.identity })
    }

    /// The one that `text` means: an id, a digest, `name version`, or a name or version that only one has.
    package func find(_ text: String) -> InstalledModel? {
        let all = list()
        if let exact = all.first(where: { $0.isMeant(by: text) }) { return exact }
        let named = all.filter { $0.identity.name == text || $0.identity.version == text }
        return named.count == 1 ? named.first : named.first { $0.identity == defaultModel() }
    }
}
