/// What determines an MR image's contrast.
enum Weighting: Sendable {
    case t1, t2, fluidAttenuated, protonDensity, shortInversion

    var displayName: String {
        switch self {
        case .t1: "T1"
        case .t2: "T2"
        case .fluidAttenuated: "FLAIR"
        case .protonDensity: "proton density"
        case .shortInversion: "STIR"
        }
    }

    /// What the times of a series say, if they say it clearly.
    struct Measured {
        let weighting: Weighting
        let reason: String
        /// Whether the times exclude every other weighting.
        let isCertain: Bool
    }

    /// Times outweigh names where they exclude these: the scanner measures them, people type names.
    static func decided(named: Weighting?, measured: Measured?) -> Weighting? {
        guard let named else { return measured?.weighting }
        guard let measured, measured.isCertain else { return named }
        return measured.weighting
    }
}

extension Weighting {
    /// Thresholds in ms for 1 to 3 T; between them nothing is said.
    static func measured(timesOf attributes: SeriesAttributes) -> Measured? {
        guard let repetition = attributes.repetitionTime, let echo = attributes.echoTime, repetition > 0 else {
            return nil
        }
        let times = "TR \(text(repetition)) ms, TE \(text(echo)) ms"
        let isGradientEcho = attributes.scanningSequence.contains("GR") && !attributes.scanningSequence.contains("SE")
        if let inversion = attributes.inversionTime, inversion > 0 {
            let reason = times + ", TI \(text(inversion)) ms"
            if inversion >= 1500, repetition >= 4000 {
                return Measured(weighting: .fluidAttenuated, reason: reason, isCertain: echo >= 60)
            }
            if inversion <= 300, inversion >= 80, repetition >= 2000, !isGradientEcho {
                return Measured(weighting: .shortInversion, reason: reason, isCertain: true)
            }
            if (300...1400).contains(inversion), echo < 30 {
                return Measured(weighting: .t1, reason: reason, isCertain: true)
            }
            return nil
        }
        if isGradientEcho {
            guard echo < 12, attributes.flipAngle ?? 10 >= 5 else { return nil }
            return Measured(weighting: .t1, reason: times + ", gradient echo", isCertain: false)
        }
        if repetition <= 1000, echo <= 30 { return Measured(weighting: .t1, reason: times, isCertain: true) }
        // A 3D FLAIR without stated inversion time has the same times as T2.
        if repetition >= 2000, echo >= 70 { return Measured(weighting: .t2, reason: times, isCertain: false) }
        if repetition >= 2000, echo <= 35 {
            return Measured(weighting: .protonDensity, reason: times, isCertain: false)
        }
        return nil
    }

    private static func text(_ time: Double) -> String {
        time == time.rounded() ? "\(time.whole)" : "\((time * 10).rounded() / 10)"
    }
}
