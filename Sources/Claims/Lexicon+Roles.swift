extension Lexicon {
    static let roles: [(Role, String)] = [
        (.elsewhere, organs),
        (
            .near,
            """
            adjacent, close, near, next to, towards, toward, borders, bordering, border, compresses, compressing, compressed, displaces,
            displacing, displaced, abuts, abutting, distance, away, mass effect, demarcated, compression, beside, bounded, approaches, approaching, separated, reaching towards, touching
            """
        ),
        (
            .involves,
            """
            involved, infiltrated, affected, invaded, occupied, lies, lie, lying, located, centred, situated, extends, extending,
            involves, infiltrates, occupies, affects, occupying, reaches, arises, found, seen, infiltration, involvement, extension
            """
        ),
        (
            .countable,
            """
            lesion, lesions, mass, masses, tumour, tumours, metastasis, metastases, neoplasm, neoplasms, tumour lesion,
            tumour lesions, mass lesion, mass lesions, space occupying lesion
            """
        ),
        (.diagnosis, diagnoses),
        (
            .judgement,
            diagnoses + """
                , grade, grades, high grade, low grade, mass effect, midline shift, malignant, malignancy, benign, anaplastic, idh,
                mgmt, codeletion, who, metastatic, gliomatous, meningioma, schwannoma, craniopharyngioma, medulloblastoma,
                ganglioglioma, germinoma, wildtype, oligoastrocytoma, gbm, hgg, lgg, high-grade, demyelination, pseudoprogression
                """
        ),
        (
            .enhances,
            "enhance, enhances, enhancing, contrast enhancing, ring enhancing, rim enhancing, takes up contrast, take up contrast"
        ),
        (
            .negatedEnhancement,
            "non enhancing, nonenhancing, not enhancing, non contrast enhancing, unenhancing, lacks enhancement"
        ),
        (
            .negation,
            """
            no, not, without, none, neither, nor, absence, absent, lacks, lack, free, cannot, never, rather than, clear of,
            excluded, negative, denies, nowhere, tumour free, lesion free
            """
        ),
        (
            .normal,
            """
            normal, unremarkable, spared, spares, sparing, intact, uninvolved, unaffected, inconspicuous, preserved,
            unaltered, age appropriate, within normal limits
            """
        ),
        (
            .prior,
            """
            previous, previously, prior, earlier, formerly, initially, ago, history, status, resection, resected, craniotomy,
            preoperative, preoperatively, before, past, last, compared, comparison, since, versus, vs, january, february, march,
            april, june, july, august, september, october, november, december, baseline, operated, surgery, biopsied,
            postoperative, postoperatively, preceding
            """
        ),
        (.now, "now, currently, today, current, present study, meanwhile"),
        (
            .conditional,
            """
            if, would, cannot be excluded, can not be excluded, possible, possibly, query, search, suspected, suspicion, ?, should, exceeds should, threshold, criterion, criteria, unless, whether, question, questionable, exclude,
            rule out, consider, considered
            """
        ),
        (
            .contact,
            """
            reach, reaches, reached, reaching, abut, abuts, abutting, touch, touches, touched, touching, contact, contacts, crosses,
            cross, crossing, crossed, across, extends to, extend to, extending to, extension to, comes within, come within, beyond,
            involves, involve, involved, involvement, infiltrates, invades, invaded, extends over, extending over, extension over, up to, borders, bordering, extends as far as, clear of, respects, respected
            """
        ),
        (.midline, "midline"),
        (
            .exception,
            """
            apart from, aside from, other than, except, except for, excepting, with the exception of, besides, outside, outside of,
            elsewhere, in addition to
            """
        ),
        (
            .pattern,
            """
            multifocal, multifocality, multicentric, multicentricity, unifocal, butterfly, bilateral, bilaterally, bihemispheric
            """
        ),
        (
            .mainly,
            """
            mainly, mostly, predominantly, predominant, primarily, chiefly, largely, principally, centred, bulk of, main part of, majority of, most of
            """
        ),
        (
            .entirely,
            """
            entirely, completely, wholly, purely, exclusively, solely, only, confined to, limited to, restricted to, strictly, in its entirety
            """
        ),
        (.inside, "centre, centres, centrally, central, interior, inside, inner"),
        (
            .surface,
            """
            cortical surface, cortex, brain surface, surface, surface of the brain, pial surface, cortical involvement,
            cerebral cortex
            """
        ),
        (
            .other,
            """
            other, further, additional, new, second, third, fourth, elsewhere, another, remaining, residual, recurrent, remote, distant,
            satellite, contralateral, ipsilateral, rest, otherwise, leptomeningeal, meningeal, dural, ependymal, subependymal, next,
            recurrence, progression, growth, regression
            """
        ),
        (.hedge, "about, approximately, approx, circa, ca, around, roughly, almost, nearly, some, ~, ≈, an estimated"),
        (
            .extends,
            "extends, extend, extending, extension, crosses, crossing, across, reaches, into, infiltrates, spreads, spread"
        ),
        (.only, "only, confined to, exclusively, limited to, restricted to, solely"),
        (.volume, "volume, volumes, volumetry, tumour volume, lesion volume, core volume, volumetric"),
        (.dice, "dice"),
        (
            .atLeast,
            "at least, more than, larger than, greater than, over, exceeding, exceeds, above, exceed, >, ≥, bigger than"
        ),
        (.atMost, "less than, smaller than, below, under, <, ≤, no more than, not more than"),
        (
            .larger,
            "larger, largest, bigger, biggest, greater, exceeds, larger than, bigger than, greater than, dominant"
        ),
        (.smaller, "smaller, smallest, less, smaller than, less than"),
        (.equal, "equal, equally, same, identical, similar"),
        (
            .distance,
            """
            away, distance, apart, depth, deep, thickness, thick, gap, margin, margins, spacing, beyond, caudal, cranial,
            wide, width, height
            """
        ),
        (
            .displacement,
            """
            shift, shifted, shifts, displaced, displacement, displaces, deviation, deviated, leftward, rightward, pushed,
            herniation, midline shift
            """
        ),
        (
            .change,
            """
            increase, increased, increases, decrease, decreased, decreases, grown, growth, grew, reduction, reduced, change, changed,
            progression, progressed, gain, loss, shrunk, shrank, grow, grows, up from, down from, fell, fallen, regressed, regression, larger by, smaller by, rise, risen, doubled, +, −
            """
        ),
        (.pronoun, "it, its, this, these, they, their, them, both, one, ones, latter, which, that"),
        (
            .verb,
            """
            is, are, was, were, shows, show, showing, demonstrates, displays, measures, measure, lies, lie, involves, reaches, abuts,
            has, have, had, does, do, did, extends, infiltrates, occupies, crosses, affects, enhances, enhance, touches, spares,
            amounts, comprises, contains, accounts, makes, exceeds, arises, remains, appears, surrounds
            """
        ),
        (.measure, measures), (.function, functions), (.adjective, adjectives), (.foreign, structures),
        (.foreign, technique),
        (.foreign, diseases),
    ]

    private static let organs = """
        lung, lungs, liver, skin, spine, spinal, vertebra, vertebrae, breast, kidney, bowel, prostate, pancreas, adrenal, pulmonary,
        hepatic, cervical, thoracic, lumbar, thyroid, parotid, neck, abdomen, chest, mediastinum, colon, bronchial, thigh
        """

    private static let diagnoses = """
        glioma, gliomas, glioblastoma, astrocytoma, metastasis, metastases, lymphoma, oligodendroglioma, ependymoma, abscess
        """

    private static let measures = """
        axial slices, axial slice, axial plane, axial planes, axial section, axial sections, axial images,
        measures, measure, measured, measuring, measurement, diameter, diameters, size, sized, extent, dimension, dimensions, axis,
        length, volume, volumes, volumetry, amount, amounts, comprises, maximum, maximal, longest, largest, greatest, axial, perpendicular,
        total, totals, overall, long, short, product, area, share, ratio, percentage, number, most, plane, planes, calculated, segmentation, segmented,
        yields, predicted, expected, dice, location, atlas, cubic, ml
        """

    private static let functions = """
        a, an, the, of, in, on, at, by, with, to, from, for, and, or, as, is, are, was, were, be, been, has, have, had, does, do, did, there,
        here, than, into, within, seen, visible, found, noted, detected, present, identified, delineated, can, also, shows, show, showing,
        shown, demonstrates, displays, lies, lie, lying, located, centred, situated, which, that, its, it, this, these, their, whose, we,
        see, extends, extending, extend, extension, occupies, occupying, involving, involves, involve, affects, affecting, affected, arises,
        arising, contains, containing, holds, infiltrates, infiltrating, infiltrated, infiltration, surrounds, surrounding, surrounded,
        remains, remain, appears, after, gadolinium, contrast, mri, evidence, sign, signs, any, some, including, includes, well, mainly,
        predominantly, mostly, partly, entirely, completely, wholly, purely, exclusively, primarily, chiefly, largely, principally, strictly, via, consists, side, sided, hemisphere, hemispheres, hemispheric, lobe, lobes, region, cerebral, brain,
        takes, up, part, bulk of, main part of, majority of, most of, makes, accounts, forms, represents, per, cent, total of, each, associated, image, images, series, scan, all, together, altogether, respectively, x, mm, cm, but,
        while, whereas, where, so, very, quite, both, appearance, signal, intensity, abnormal, follows, keeping, compatible, suggesting,
        medium, demonstrate, given, following, matter, white, surgical, known, pattern, configuration, distribution, disease, manifestation, manifestations, half, side of the patient, either, shape, only, contrast enhanced, however, hence
        """

    private static let adjectives = """
        large, small, huge, tiny, big, intra, axial, intraaxial, deep, anterior, posterior, medial, mesial, superior, inferior, middle,
        paramedian, parasagittal, subcortical, cortical, periventricular, solid, cystic, infiltrating, infiltrative, expansile, diffuse,
        heterogeneous, heterogeneously, homogeneous, homogeneously, irregular, irregularly, nodular, patchy, avid, avidly, strong,
        strongly, intense, intensely, marked, markedly, moderate, moderately, extensive, peripheral, peripherally, central, thick, rim, ring,
        perifocal, peritumoural, vasogenic, perilesional, single, solitary, multiple, several, separate, distinct, hypointense,
        hyperintense, isointense, t1, t2, flair, t1ce, pathological, pathologic, abnormal, definite, focal, intracranial, visible,
        lobulated, circumscribed, ill, defined, bulky, cerebral, larger, largest,
        smaller, smallest, first, occupying, space, tumoural, gross, obvious, discernible, entire, whole, enhancing, partial, partially,
        lower, upper, dominant, necrotic, oedematous, expanding, neoplastic
        """
}
