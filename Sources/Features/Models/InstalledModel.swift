import Basics
import Imaging
import Kernel

/// A model package installed on this machine, with its metadata.
package struct InstalledModel: Sendable, Equatable {
    package let identity: ModelIdentity
    /// One sentence.
    package let architecture: String
    /// The sequences that the model requires; empty if any non-empty subset is accepted.
    package let requiredSequences: [MRISequence]
    /// The model's performance on held-out patients, for each evaluated set of sequences.
    package let measured: [Measurement]

    /// Mean Dice for one set of sequences.
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

    /// The same on every machine: the first 128 bits of the digest as a version 8 UUID (RFC 9562 §5.8).
    package var id: ID<ModelVersion>? {
        var digits = Array(identity.digest.prefix(32))
        guard digits.count == 32 else { return nil }
        digits[12] = "8"
        digits[16] = "8"
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return ID(parts.joined(separator: "-"))
    }

    /// Whether `text` is this model's ID, its digest, or its name and version.
    func isMeant(by text: String) -> Bool {
        text == id?.string || text == identity.digest || text == "\(identity.name) \(identity.version)"
    }
}

/// The model packages installed on this machine.
package struct InstalledModels: Sendable {
    /// Reread on each call; damaged packages are omitted.
    package let list: @Sendable () -> [InstalledModel]
    /// The operator's default, used if an institution has not activated another model; `nil` if not set.
    package let defaultModel: @Sendable () -> ModelIdentity?

    package init(
        list: @escaping @Sendable () -> [InstalledModel], defaultModel: @escaping @Sendable () -> ModelIdentity?
    ) {
        self.list = list
        self.defaultModel = defaultModel
    }

    /// A single model, which is also the operator's default.
    package init(only model: InstalledModel) {
        self.init(list: { [model] }, defaultModel: { model.identity })
    }

    /// The model that `text` identifies: an ID, a digest, `name version`, or a name or version if it is unique.
    package func find(_ text: String) -> InstalledModel? {
        let all = list()
        if let exact = all.first(where: { $0.isMeant(by: text) }) { return exact }
        let named = all.filter { $0.identity.name == text || $0.identity.version == text }
        return named.count == 1 ? named.first : named.first { $0.identity == defaultModel() }
    }
}
