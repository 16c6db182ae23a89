/// The reader's vocabulary of brain tumour reports, in lower case and British spelling.
enum Lexicon {
    /// The number of words in the longest phrase.
    static let longest = 5

    static subscript(_ phrase: String) -> Term? { terms[phrase] }

    private static let terms: [String: Term] = {
        var terms: [String: Term] = [:]
        for (roles, phrases) in roles {
            for phrase in split(phrases) { terms[phrase, default: Term()].roles.formUnion(roles) }
        }
        for (extents, isPart, phrases) in targets {
            for phrase in split(phrases) {
                terms[phrase, default: Term()].roles.insert(.target)
                terms[phrase]?.extents = extents
                terms[phrase]?.isPart = isPart
            }
        }
        for (side, phrases) in sides {
            for phrase in split(phrases) {
                terms[phrase, default: Term()].roles.insert(.side)
                terms[phrase]?.side = side
            }
        }
        for (place, nouns, adjectives) in places {
            for phrase in split(nouns) + split(adjectives) {
                terms[phrase, default: Term()].roles.insert(.place)
                terms[phrase]?.place = place
            }
            for phrase in split(adjectives) { terms[phrase]?.isAdjectivalPlace = true }
        }
        return terms
    }()

    /// Splits phrases at commas.
    private static func split(_ phrases: String) -> [String] {
        phrases.split(separator: ",").map { phrase in
            phrase.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }.filter { !$0.isEmpty }
    }

    private static let targets: [([Extent], Bool, String)] = [
        (
            [], false,
            """
            lesion, lesions, tumour, tumours, mass, masses, neoplasm, neoplasms, space occupying lesion, mass lesion, abnormality,
            abnormalities, signal abnormality, signal abnormalities, signal alteration, signal alterations, signal change,
            tumour lesion, tumour lesions, tumour infiltration, glioma, gliomas, glioblastoma, astrocytoma, metastasis, metastases,
            lymphoma, oligodendroglioma, ependymoma, abscess, tumour volume, lesion volume
            """
        ),
        (
            [.whole], false,
            """
            whole tumour, entire tumour, whole lesion, entire lesion, total tumour, whole tumour volume, including oedema,
            incl oedema, wt, including perifocal oedema, including surrounding oedema, including the oedema, with oedema,
            including peritumoural oedema, total, total volume, whole tumour including oedema, total tumour volume
            """
        ),
        (
            [.whole, .oedema, .nonEnhancing], false,
            """
            flair abnormality, flair hyperintensity, flair signal abnormality
            """
        ),
        (
            [.core], false,
            """
            tumour core, tc, core, core of the tumour, core volume, tumour core volume, without oedema, excluding oedema,
            without the oedema
            """
        ),
        (
            [.enhancing], false,
            """
            enhancing tumour, et, enhancing component, enhancing components, enhancing part, enhancing portion, enhancing area,
            enhancing region, enhancing tissue, enhancing rim, enhancing compartment, enhancing tumour volume, enhancing volume,
            enhancement, contrast enhancement, contrast uptake, uptake of contrast, uptake of contrast medium, rim enhancement, ring enhancement, enhancing nodule, enhancing tumour component
            """
        ),
        ([.enhancing], true, "focus, foci, enhancing focus, enhancing foci, focus of enhancement, foci of enhancement"),
        (
            [.necrosis], false,
            """
            necrosis, necrotic component, necrotic part, necrotic portion, necrotic centre, necrotic area,
            necrotic areas, central necrosis, non enhancing core, nonenhancing core, non enhancing tumour core, necrotic,
            necroses
            """
        ),
        ([.necrosis, .nonEnhancing], false, "non enhancing component, non enhancing part, non enhancing portion"),
        ([.necrosis, .core], false, "necrotic core, necrotic tumour core"),
        ([.core], false, "solid and necrotic core"),
        ([.core, .enhancing], false, "solid component, solid part, solid portion"),
        (
            [.oedema], false,
            """
            oedema, perifocal oedema, peritumoural oedema, surrounding oedema, vasogenic oedema, perilesional oedema,
            oedematous
            """
        ),
        ([.core], true, "parts, part of the core, parts of the core"),
    ]

    private static let sides: [(Side, String)] = [
        (.left, "left, leftsided, left sided, l sided, lt, l, left half, left half of the brain"),
        (.right, "right, rightsided, right sided, r sided, rt, r, right half, right half of the brain"),
        (
            .both,
            """
            bilateral, bilaterally, both hemispheres, both cerebral hemispheres, both sides, both, bihemispheric,
            both sides of the midline
            """
        ),
    ]
}
