extension Lexicon {
    /// The atlas's structures as named in findings, with the nouns and adjectives for them or a part of them.
    static let places: [(String, nouns: String, adjectives: String)] = [
        (
            "frontal lobe",
            "frontal lobe, frontal lobes, precentral gyrus, frontal gyrus, frontal pole, frontal operculum",
            "frontal, prefrontal, bifrontal, fronto"
        ),
        (
            "temporal lobe",
            "temporal lobe, temporal lobes, temporal pole, hippocampal formation, uncus, temporal gyrus",
            "temporal, temporo, bitemporal"
        ),
        (
            "parietal lobe",
            "parietal lobe, parietal lobes, postcentral gyrus, precuneus, angular gyrus, supramarginal gyrus",
            "parietal, parieto, biparietal"
        ),
        ("occipital lobe", "occipital lobe, occipital lobes, cuneus", "occipital, occipito"),
        ("insula", "insula, insulae, insular cortex", "insular"),
        (
            "cerebellum", "cerebellum, vermis, cerebellar hemisphere, cerebellar hemispheres, cerebellar vermis",
            "cerebellar"
        ),
        (
            "brainstem", "brainstem, brain stem, pons, midbrain, mesencephalon, medulla oblongata",
            "pontine, mesencephalic"
        ),
        (
            "corpus callosum",
            """
            corpus callosum, genu of the corpus callosum, splenium of the corpus callosum, body of the corpus callosum,
            splenium, genu
            """, "callosal"
        ),
        (
            "basal ganglia",
            "basal ganglia, putamen, caudate nucleus, caudate, pallidum, globus pallidus, lentiform nucleus, striatum",
            ""
        ),
        ("thalamus", "thalamus, thalami", "thalamic"),
        (infratentorial, "posterior fossa, infratentorial compartment, below the tentorium", "infratentorial"),
        (supratentorial, "supratentorial compartment, above the tentorium", "supratentorial"),
        ("internal capsule", "internal capsule", ""),
    ]

    /// The compartments above and below the tentorium, which consist of structures.
    static let infratentorial = "posterior fossa"
    static let supratentorial = "supratentorial compartment"
    /// The structures below the tentorium.
    static let structuresBelow = ["cerebellum", "brainstem"]

    /// Compounds of two lobes, by component.
    static let compounds: [String: [String]] = [
        "frontotemporal": ["frontal", "temporal"], "frontoparietal": ["frontal", "parietal"],
        "temporoparietal": ["temporal", "parietal"], "parietotemporal": ["parietal", "temporal"],
        "parietooccipital": ["parietal", "occipital"], "temporooccipital": ["temporal", "occipital"],
        "frontoinsular": ["frontal", "insular"], "temporoinsular": ["temporal", "insular"],
        "frontobasal": ["frontal"], "temporomesial": ["temporal"], "temporobasal": ["temporal"],
    ]
}
