import Foundation

/// What the description, the protocol's and the sequence's name of a series say, in the languages of the table.
struct SeriesWords {
    /// Lower case, without accents.
    private let text: String
    private let words: Set<String>

    init(_ attributes: SeriesAttributes) {
        // The protocol is what was planned, so that the description comes first.
        let names = [attributes.seriesDescription ?? attributes.protocolName, attributes.sequenceName]
        text = names.compactMap { $0 }.joined(separator: " ").folding(
            options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil
        ).lowercased()
        words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "+" || $0 == "*") }.map(String.init))
    }

    private func has(_ names: Set<String>) -> Bool { !words.isDisjoint(with: names) }

    private func contains(_ parts: [String]) -> Bool { parts.contains { text.contains($0) } }

    /// What the names say about the weighting.
    var weighting: Weighting? {
        let isT1 = contains(["t1"]) || contains(["mprage", "mp-rage", "bravo", "spgr", "vibe", "ffe3d", "tfl3d"])
        if contains(["stir"]) && !contains(["flair"]) { return .shortInversion }
        if contains(["flair", "dark fluid", "dark-fluid", "darkfluid", "da-fl", "dfl"]) || has(["tirm", "fluid"]) {
            // T1 FLAIR is T1-weighted.
            return isT1 && !contains(["t2"]) ? .t1 : .fluidAttenuated
        }
        if isT1 { return .t1 }
        if contains(["t2"]) { return .t2 }
        if has(["pd", "pdw"]) || contains(["proton density", "densite de protons", "protonendichte"]) {
            return .protonDensity
        }
        return nil
    }

    /// Whether the names say with or without contrast agent; `nil` if neither.
    var contrast: Bool? {
        if has(Self.withoutWords) || contains(Self.withoutParts) { return false }
        if has(Self.withWords) || contains(Self.withParts) { return true }
        return nil
    }

    /// Without contrast in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish, Russian, Chinese, Japanese, Korean.
    private static let withoutWords: Set = [
        "pre", "nativ", "native", "plain", "noncontrast", "nc", "ohne", "sans", "sin", "senza", "sem", "zonder", "bez",
        "kontrastsiz", "без", "unenhanced", "non", "precontrast", "blanco",
    ]
    private static let withoutParts = ["w/o", "without", "-c ", "pre-", "vor km", "平扫", "単純", "조영전", "до контраст"]
    private static let withWords: Set = [
        "gd", "gad", "gado", "gadolinium", "ce", "t1ce", "t1c", "t1gd", "km", "kontrast", "post", "postcontrast", "pc",
        "mdc", "contrast", "contraste", "contrasto", "injecte", "inj", "kontrastli", "kontrastem", "kontrastu",
        "kontrastmittel",
        "c+", "+c", "+gd", "+gado", "+km", "+mdc", "enhanced", "apres", "despues", "dopo", "depois",
    ]
    private static let withParts = [
        "+c", "c+", "+gd", "+km", "gadavist", "dotarem", "gadovist", "prohance", "clariscan", "контраст", "增强", "強化",
        "造影", "조영", "post-", "post_", "_post", "_gd", "gd_", "_ce", "contrast",
    ]

    func isReformatted(_ attributes: SeriesAttributes) -> Bool {
        let types = Set(attributes.imageType.map { $0.uppercased() })
        return !types.isDisjoint(with: ["MPR", "REFORMATTED", "RESAMPLED", "PROJECTION IMAGE", "CSA MPR"])
            || has(["mpr", "reformat", "reformatted", "rekonstruktion", "recon", "ref"])
    }

    /// The purpose of a series that is none of the four sequences, for the user; `nil` if none is found.
    func otherPurpose(_ attributes: SeriesAttributes) -> String? {
        let types = Set(attributes.imageType.map { $0.uppercased() })
        if types.contains("LOCALIZER") || has(Self.localizer) || contains(["3-plane", "3plane", "定位"]) {
            return "localizer"
        }
        if let bValue = attributes.diffusionBValue, bValue > 0 { return "diffusion (b \(bValue.whole))" }
        if let kind = Self.kinds.first(where: {
            !types.isDisjoint(with: $0.types) || has($0.words) || contains($0.parts)
        }) {
            return kind.name
        }
        // T1-weighted gradient echoes are named so, too.
        if has(["gre"]), weighting != .t1 { return "susceptibility or T2*" }
        if attributes.scanningSequence == ["EP"], weighting == nil { return "echo-planar imaging" }
        return nil
    }

    private struct Kind: Sendable {
        let name: String
        let types: Set<String>
        let words: Set<String>
        var parts: [String] = []
    }

    private static let localizer: Set = [
        "localizer", "localiser", "localizador", "localizzatore", "localisateur", "lokalizer", "loc", "scout", "survey",
        "aahscout", "plan", "planscan", "reperage", "ubersicht", "uebersicht", "topogram", "smartbrain", "localizer+",
    ]

    private static let kinds = [
        Kind(
            name: "diffusion",
            types: ["ADC", "DIFFUSION", "TRACEW", "FA", "DW_DIRECTION", "DIFFUSION_ANISO"],
            words: [
                "adc", "dadc", "eadc", "dwi", "dti", "fa", "trace", "tracew", "diff", "diffusion", "b0", "b1000",
                "b800", "resolve", "colfa",
            ],
            parts: ["diffus", "dwi", "ep2d_diff", "扩散", "弥散", "拡散"]),
        Kind(
            name: "perfusion", types: ["PERFUSION", "RCBV", "CBF", "CBV", "MTT", "TTP"],
            words: [
                "perf", "perfusion", "dsc", "dce", "pwi", "asl", "pcasl", "cbf", "cbv", "rcbv", "mtt", "ttp", "relcbv",
            ],
            parts: ["perfus", "灌注"]),
        Kind(
            name: "susceptibility or T2*", types: ["SWI", "QSM"],
            words: [
                "swi", "swan", "swip", "qsm", "venbold", "t2*", "t2star", "t2s", "hemo", "haemo", "heme", "medic",
            ],
            parts: ["t2*", "t2_star", "suscept", "fl2d_t2", "ven_bold", "ven bold"]),
        Kind(
            name: "angiography", types: ["MIP", "VELOCITY"],
            words: ["tof", "mra", "mrv", "angio", "mip", "pca", "pcangio"], parts: ["angio", "tof_", "_tof"]),
        Kind(
            name: "subtraction", types: ["SUBTRACTION", "SUBTRACT", "SUB"],
            words: ["sub", "subtraction", "subtraktion", "soustraction", "sustraccion"]),
        Kind(
            name: "spectroscopy", types: ["SPECTROSCOPY"],
            words: ["svs", "csi", "mrs", "spectroscopy", "spektroskopie"],
            parts: ["spectro"]),
        Kind(
            name: "functional imaging or calibration", types: ["FMRI", "FIELDMAP"],
            words: [
                "fmri", "bold", "fieldmap", "b0map", "b1map", "calibration", "cal", "refscan", "shim",
                "coil",
            ],
            parts: ["field map", "ref scan", "sense ref", "calibration"]),
        Kind(
            name: "phase or parametric map", types: ["P", "PHASE", "PHASE MAP", "T1 MAP", "T2 MAP", "SCREEN SAVE"],
            words: ["phase", "pha", "t1map", "t2map", "screensave", "fusion", "report"],
            parts: ["t1 map", "t2 map", "synthetic"]),
    ]
}
