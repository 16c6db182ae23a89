#!/usr/bin/env python3
"""Writes studies.json and sentences.tsv: the labelled sentences for measuring the claims engine.

Each template is filled for several studies, correctly (label `measured`) or with one planted fault (label `false:KIND`); handwritten
sentences are added. A sentence's half is determined by its family (the template, or the sentence itself), so that no template has sentences
in both halves: `built` if the first byte of SHA-256(family) is even, else `held`.
"""
import csv
import hashlib
import json
import pathlib
import random

HERE = pathlib.Path(__file__).parent
REGIONS = {"wt": "whole_tumour", "tc": "tumour_core", "et": "enhancing_tumour"}

# Volumes in ml (WT, TC, ET); diameters in mm (largest, axial, perpendicular) by region; parts in ml; shares of structures.
STUDIES = {
    "right": [dict(v=(155.082, 70.214, 51.342), d=dict(wt=(109, 98, 62), tc=(66, 58, 41), et=(64, 56, 40)),
                   parts=dict(tc=[70.1], et=[50.1, 1.2]), side="right", midline=False, cortex=True,
                   at={"temporal lobe": .41, "parietal lobe": .33, "insula": .12, "occipital lobe": .08, "basal ganglia": .03,
                       "internal capsule": .01})],
    "left": [dict(v=(12.345, 6.789, 0), d=dict(wt=(30, 25, 20), tc=(18, 15, 12)), parts=dict(tc=[6.0, .7], et=[]), side="left",
                  midline=True, cortex=True, at={"frontal lobe": .62, "insula": .3, "corpus callosum": .04})],
    "two": [dict(v=(48.2, 20.4, 14.6), d=dict(wt=(58, 51, 37), tc=(34, 31, 24), et=(33, 30, 23)),
                 parts=dict(tc=[20.4], et=[14.6]), side="left", midline=False, cortex=True, at={"frontal lobe": .93}),
            dict(v=(6.35, 4.1, 3.2), d=dict(wt=(27, 25, 19), tc=(22, 20, 17), et=(21, 20, 16)), parts=dict(tc=[4.1], et=[3.2]),
                 side="right", midline=False, cortex=False, at={"cerebellum": .97})],
    "butterfly": [dict(v=(96.4, 38.9, 22.7), d=dict(wt=(92, 88, 47), tc=(61, 57, 30), et=(60, 55, 29)),
                       parts=dict(tc=[38.9], et=[22.7]), side="midline", midline=True, cortex=False,
                       at={"frontal lobe": .68, "corpus callosum": .21, "basal ganglia": .05})],
    "unaligned": [dict(v=(33.6, 21.0, 18.9), d=dict(wt=(47, 44, 36), tc=(37, 35, 28), et=(36, 33, 27)),
                       parts=dict(tc=[21.0], et=[12.0, 5.1, 1.8]), side="left", midline=False, cortex=None, at={})],
    "none": [],
    "phantom": [dict(v=(118.6, 19.7, 11.5), d=dict(wt=(84, 78, 60), tc=(40, 36, 29), et=(38, 35, 28)), parts=dict(tc=[19.7], et=[11.5]),
                     side="left", midline=False, cortex=True,
                     at={"frontal lobe": .31, "temporal lobe": .29, "insula": .17, "parietal lobe": .12, "basal ganglia": .06,
                         "occipital lobe": .00008})],
    "uncored": [dict(v=(30.2, 12.1, 8.4), d=dict(wt=(45, 40, 35), tc=(30, 28, 22), et=(29, 27, 21)), parts=dict(tc=[12.1], et=[8.4]),
                     side="right", midline=False, cortex=True, at={"temporal lobe": .9}),
                dict(v=(1.3, 0, 0), d=dict(wt=(14, 12, 11)), parts=dict(tc=[], et=[]), side="left", midline=False, cortex=True,
                     at={"frontal lobe": .95})],
    "three": [dict(v=(9.84, 5.2, 4.4), d=dict(wt=(28, 26, 22), tc=(22, 20, 18), et=(21, 19, 17)), parts=dict(tc=[5.2], et=[4.4]),
                   side="left", midline=False, cortex=True, at={"occipital lobe": .88, "temporal lobe": .1}),
              dict(v=(3.1, 1.9, 1.5), d=dict(wt=(19, 17, 14), tc=(15, 14, 12), et=(14, 13, 11)), parts=dict(tc=[1.9], et=[1.5]),
                   side="left", midline=False, cortex=True, at={"frontal lobe": .95}),
              dict(v=(1.2, .8, .7), d=dict(wt=(13, 12, 10), tc=(11, 10, 9), et=(11, 10, 8)), parts=dict(tc=[.8], et=[.7]),
                   side="right", midline=False, cortex=False, at={"parietal lobe": .97})],
}


def findings(lesions):
    """The findings as listed by the pipeline; quantities in mm³, mm, mm² and shares."""
    found = []

    def add(kind, region=None, lesion=None, quantity=None, unit=None, term=None):
        entry = dict(id=f"F{len(found) + 1}", kind=kind, region=region, lesion=lesion, quantity=quantity, unit=unit, term=term)
        found.append({key: value for key, value in entry.items() if value is not None})

    for index, region in enumerate(REGIONS.values()):
        add("volume", region, quantity=round(1000 * sum(l["v"][index] for l in lesions), 3), unit="mm3")
    for region, dice in zip(REGIONS.values(), (.93, .88, .85)):
        add("expected_dice", region, quantity=dice, unit="1")
    add("lesion_count", quantity=len(lesions), unit="1")
    for key in ("tc", "et"):
        add("part_count", REGIONS[key], quantity=sum(len(l["parts"][key]) for l in lesions), unit="1")
    for number, lesion in enumerate(lesions, 1):
        for index, (key, region) in enumerate(REGIONS.items()):
            add("lesion_volume", region, number, 1000 * lesion["v"][index], "mm3")
            parts = lesion["parts"].get(key)
            if parts is not None:
                add("part_count", region, number, len(parts), "1")
                for part, volume in enumerate(parts, 1):
                    if len(parts) > 1:
                        add("part_volume", region, number, 1000 * volume, "mm3", str(part))
            if key in lesion["d"]:
                largest, axial, perpendicular = lesion["d"][key]
                add("maximum_diameter", region, number, largest, "mm")
                add("axial_diameter", region, number, axial, "mm")
                add("perpendicular_diameter", region, number, perpendicular, "mm")
                add("bidimensional_product", region, number, axial * perpendicular, "mm2")
        add("side", lesion=number, term=lesion["side"])
        for structure, share in lesion["at"].items():
            add("location", lesion=number, quantity=share, unit="1", term=structure)
        add("midline_contact", lesion=number, term="yes" if lesion["midline"] else "no")
        if lesion["cortex"] is not None:
            add("cortex_contact", lesion=number, term="yes" if lesion["cortex"] else "no")
    return found


def ml(value):
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


# Measured if filled correctly, false if filled with the faults in FAULTS.
VOLUME = [
    "The whole tumour measures {wt} ml.", "Whole tumour: {wt} ml.", "Whole tumour including oedema {wt} cc.",
    "The total tumour volume is {wt} ml.", "Tumour core: {tc} ml.", "The tumour core has a volume of {tc} ml.",
    "Core volume {tc} cm³.", "The core measures {tc} mL.", "Volume of the whole tumour including oedema: {wt} ml; core: {tc} ml.",
    "Volumetry: whole tumour {wt} ml, core {tc} ml.", "The lesion including perifocal oedema measures {wt} ml.",
    "On volumetry the tumour core amounts to {tc} ml.", "A tumour core of {tc} ml is segmented.",
    "With oedema the tumour comprises {wt} ml.", "The tumour volume including oedema was calculated as {wt} cm3.",
    "{wt} ml whole tumour volume.", "Peritumoural oedema: {ed} ml.", "The surrounding oedema has a volume of {ed} ml.",
    "Vasogenic edema amounts to {ed} mL.", "Without oedema the tumour measures {tc} ml.",
    "Segmentation yields {wt} ml for the whole tumour and {tc} ml for the core.",
    "The whole tumour occupies {wt} ml of the brain.", "FLAIR abnormality with a volume of {wt} ml.",
]
ENHANCING = [
    "Enhancing component {et} ml.", "The enhancing component measures {et} ml.", "Enhancing tumour: {et} ml.",
    "Contrast-enhancing tumour volume {et} ml.", "The enhancing portion has a volume of {et} cc.",
    "There is an enhancing part of {et} ml.", "Enhancing tumor volume of {et} cm3.", "Enhancement comprises {et} ml.",
    "The enhancing area takes up {et} ml.", "Of the core, {et} ml enhance.",
]
DIAMETER = [
    "Its largest diameter is {max} mm.", "The lesion has a maximum diameter of {maxcm} cm.", "Axial diameters {ax} × {perp} mm.",
    "It measures {axcm} x {perpcm} cm in the axial plane.", "The whole tumour measures {ax} × {perp} mm.",
    "Whole tumour: axial {ax} × {perp} mm, largest diameter {max} mm.", "The mass is up to {max} mm in size.",
    "Maximum extent {maxcm} cm.", "The perpendicular diameter is {perp} mm.", "Tumour size {ax} x {perp} mm.",
    "Tumour core of {tcax} × {tcperp} mm.", "The core has a largest diameter of {tcmax} mm.",
    "A {ax} × {perp} mm lesion is seen.", "Lesion measuring {ax} by {perp} mm.", "The long axis of the core is {tcaxcm} cm.",
]
SHARES = [
    "The core makes up {tcshare} % of the whole tumour.", "{edshare} % of the whole tumour is oedema.",
    "The tumour core accounts for {tcshare}% of the whole tumour volume.", "Oedema represents {edshare} per cent of the whole tumour.",
    "The ratio of core to whole tumour is {tcshare} %.", "Oedema forms {edshare} % of the total volume.",
]
PLACES = [
    "{share1} % of the lesion lies in the {place1}.", "Location: {place1} {share1} %.", "Location (atlas): {place1} {share1} %.",
    "The {place1} holds {share1} % of the tumour.", "The lesion lies to {share1} % in the {place1}.",
]
DICE = ["Predicted Dice of the whole tumour 0.93.", "Predicted Dice: whole tumour 0.93, tumour core 0.88.",
        "The expected Dice of the core is 0.88."]
SIDES = [
    "The tumour lies in the {side} hemisphere.", "Mass in the {side} hemisphere.", "{Side}-sided tumour.", "Tumour on the {side} side.",
    "One lesion, {side} hemisphere.", "The lesion is located on the {side}.", "{Side} hemisphere, {wt} ml including oedema.",
    "Intra-axial mass of the {side} cerebral hemisphere.", "An infiltrating lesion occupies the {side} hemisphere.",
    "Known {side} hemispheric tumour, {wt} ml.", "Lesion 1: {side} hemisphere.",
    "A mass is centred in the {side} hemisphere with surrounding oedema.", "The {side} hemisphere contains a large tumour.",
    "Space-occupying lesion, {side}.", "{Side} intra-axial tumour with mass effect.",
    "MRI shows a {side}-sided intra-axial lesion.", "Signal alteration in keeping with tumour in the {side} hemisphere.",
]
LOBES = [
    "The tumour lies in the {place1}.", "Mass of the {place1}.", "The lesion is centred in the {place1}.",
    "The lesion involves the {place1}.", "Tumour infiltration of the {place1}.", "A lesion is seen in the {place1}.",
    "The {place1} is infiltrated by the tumour.", "Intra-axial lesion in the {side} {place1}.",
    "An expansile mass arises in the {place1}.", "It involves the {place1}.", "The tumour extends into the {place1}.",
    "Perifocal oedema extends into the {place1}.", "{Side} {place1} tumour.", "The abnormality occupies the {place1}.",
]
CONTACTS = [
    ("The tumour reaches the midline.", "midline"), ("The lesion touches the midline.", "midline"), ("Reaches the midline.", "midline"),
    ("The mass extends to the midline.", "midline"), ("It abuts the midline.", "midline"),
    ("The lesion abuts the cortical surface.", "cortex"), ("The tumour reaches the cortical surface.", "cortex"),
    ("It comes within 3 mm of the brain's surface.", "cortex"), ("The mass extends to the brain surface.", "cortex"),
    ("There is contact with the cortical surface.", "cortex"), ("The lesion touches the cortex.", "cortex"),
]
NO_CONTACTS = [
    ("The tumour does not reach the midline.", "midline"), ("The midline is not reached.", "midline"),
    ("The lesion remains clear of the midline.", "midline"), ("The mass does not touch the midline.", "midline"),
    ("The lesion does not abut the cortical surface.", "cortex"), ("It does not reach the brain surface.", "cortex"),
    ("There is no contact with the cortical surface.", "cortex"), ("The tumour does not extend to the cortex.", "cortex"),
]
COUNTS = ["{n} lesions.", "{n} lesions are seen.", "There are {n} lesions.", "{n} separate lesions of at least 0.05 ml.",
          "We see {n} intra-axial lesions.", "A total of {n} tumour lesions was found.", "{n} distinct lesions can be delineated.",
          "Number of lesions: {n}."]
ENHANCES = ["The tumour enhances.", "There is intense enhancement of the lesion.", "The lesion shows rim enhancement.",
            "Irregular enhancement is present.", "Patchy enhancement within the mass.", "Contrast-enhancing lesion.",
            "The mass enhances avidly after gadolinium.", "Peripheral enhancement of the tumour is seen.",
            "A nodular enhancing component is present.", "Ring-enhancing lesion."]
ENHANCES_NOT = ["The tumour does not enhance.", "No enhancement of the lesion.", "The lesion shows no enhancement.",
                "There is no contrast enhancement.", "No enhancing tumour.", "Without enhancement after gadolinium.",
                "Non-enhancing lesion.", "The mass lacks enhancement.", "Enhancement is absent.", "No enhancing component is present."]
ONE_LESION = ["right", "left", "butterfly", "unaligned"]
SIDED = ["right", "left", "unaligned"]
OTHER_PLACES = ["frontal lobe", "temporal lobe", "parietal lobe", "occipital lobe", "cerebellum", "brainstem", "thalamus", "insula"]


class Writer:
    def __init__(self):
        self.rows = []
        self.random = random.Random(18)

    @staticmethod
    def half_of(family):
        return "built" if hashlib.sha256(family.encode()).digest()[0] % 2 == 0 else "held"

    def add(self, label, study, text, family, half=None):
        half = half or self.half_of(family)
        row = (half, label, study, text)
        if row not in self.rows:
            self.rows.append(row)

    def values(self, study):
        lesions = STUDIES[study]
        wt, tc, et = (sum(l["v"][i] for l in lesions) for i in range(3))
        first = lesions[0]
        largest, axial, perpendicular = first["d"]["wt"]
        core = first["d"]["tc"]
        values = dict(wt=ml(wt), tc=ml(tc), et=ml(et), ed=ml(wt - tc), max=largest, ax=axial, perp=perpendicular,
                      maxcm=largest / 10, axcm=axial / 10, perpcm=perpendicular / 10, tcmax=core[0], tcax=core[1], tcperp=core[2],
                      tcaxcm=core[1] / 10, tcshare=round(100 * tc / wt), edshare=round(100 * (wt - tc) / wt), side=first["side"],
                      Side=first["side"].capitalize())
        if first["at"]:
            place, share = next(iter(first["at"].items()))
            values.update(place1=place, share1=round(100 * share))
        return values

    def right(self, templates, studies, count=2):
        for template in templates:
            for study in self.random.sample(studies, min(count, len(studies))):
                self.add("measured", study, self.fill(template, self.values(study)), template)

    def wrong(self, kind, templates, studies, change, count=2):
        for template in templates:
            for study in self.random.sample(studies, min(count, len(studies))):
                values = change(dict(self.values(study)), study)
                self.add(f"false:{kind}", study, self.fill(template, values), template)

    @staticmethod
    def fill(template, values):
        text = template.format(**values)
        return text[0].upper() + text[1:]

    def scaled(self, *keys, by=(.6, .75, 1.3, 1.6)):
        def change(values, _):
            factor = self.random.choice(by)
            for key in keys:
                if key in values:
                    value = float(values[key]) * factor
                    values[key] = ml(value) if key in ("wt", "tc", "et", "ed") else round(value, 1 if key.endswith("cm") else 0)
                    if isinstance(values[key], float) and not key.endswith("cm"):
                        values[key] = int(values[key])
            return values
        return change


def mixed_up(values, _):
    """Swaps the values of core and whole tumour; uses the core's for oedema."""
    return {**values, "wt": values["tc"], "tc": values["wt"], "ed": values["wt"], "et": values["wt"]}


def slipped(values, _):
    moved = {key: f"{float(values[key]) * 10:.1f}" for key in ("wt", "tc", "et", "ed")}
    return {**values, **moved}


def other_side(values, _):
    side = {"left": "right", "right": "left"}[values["side"]]
    return {**values, "side": side, "Side": side.capitalize()}


def other_place(writer):
    def change(values, study):
        places = [p for p in OTHER_PLACES if p not in STUDIES[study][0]["at"]]
        return {**values, "place1": writer.random.choice(places)}
    return change


def lesions_of(writer):
    words = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}
    for template in COUNTS:
        for study in writer.random.sample(["two", "three"], 2):
            count = len(STUDIES[study])
            for value in (count, words[count]):
                writer.add("measured", study, template.format(n=value if template.startswith("{n}") else str(value).lower()), template)
        for study in writer.random.sample(["right", "two", "three", "butterfly", "left"], 3):
            other = writer.random.choice([n for n in (2, 3, 4, 5) if n != len(STUDIES[study])])
            value = writer.random.choice([other, words[other]])
            writer.add("false:wrong-count", study, template.format(n=value if template.startswith("{n}") else str(value).lower()), template)


def contacts_of(writer):
    for templates, stated in ((CONTACTS, True), (NO_CONTACTS, False)):
        for template, key in templates:
            for study in ONE_LESION:
                measured = STUDIES[study][0][key]
                if measured is not None:
                    writer.add("measured" if measured == stated else "false:wrong-contact", study, template, template)


def enhancement_of(writer):
    for template in ENHANCES:
        for study in ("right", "unaligned"):
            writer.add("measured", study, template, template)
        writer.add("false:absent-present", "left", template, template)
    for template in ENHANCES_NOT:
        writer.add("measured", "left", template, template)
        for study in ("right", "two"):
            writer.add("false:present-absent", study, template, template)


def templates_of(writer):
    aligned = ["right", "left", "butterfly"]
    enhancing = ["right", "two", "butterfly", "unaligned"]
    volumes = ("wt", "tc", "et", "ed")
    sizes = ("max", "ax", "perp", "maxcm", "axcm", "perpcm", "tcmax", "tcax", "tcperp", "tcaxcm")
    for templates, studies in ((VOLUME, ONE_LESION + ["two"]), (ENHANCING, enhancing)):
        writer.right(templates, studies)
        writer.wrong("wrong-volume", templates, studies, writer.scaled(*volumes), count=1)
        writer.wrong("decimal-slip", templates, studies, slipped, count=1)
        writer.wrong("region-mix-up", templates, studies, mixed_up, count=1)
    writer.right(DIAMETER, ONE_LESION)
    writer.wrong("wrong-diameter", DIAMETER, ONE_LESION, writer.scaled(*sizes, by=(.55, .7, 1.5, 1.8)), count=2)
    writer.right(SHARES, ONE_LESION)
    writer.wrong("wrong-share", SHARES, ONE_LESION, writer.scaled("tcshare", "edshare", by=(.5, .6, 1.4)), count=2)
    writer.right(PLACES, aligned)
    writer.wrong("wrong-share", PLACES, aligned, writer.scaled("share1", by=(.4, .7, 1.4)), count=1)
    writer.wrong("wrong-lobe", PLACES, aligned, other_place(writer), count=1)
    writer.right(DICE, ONE_LESION)
    for text in ("Predicted Dice of the whole tumour 0.83.", "Predicted Dice: whole tumour 0.88, tumour core 0.93.",
                 "The expected Dice of the core is 0.58."):
        writer.add("false:wrong-share", "right", text, text)
    writer.right(SIDES, SIDED)
    writer.wrong("wrong-side", SIDES, SIDED, other_side, count=2)
    writer.right(LOBES, aligned[:2])
    writer.wrong("wrong-lobe", LOBES, aligned[:2], other_place(writer), count=2)


def hand(writer):
    with open(HERE / "hand-ordinary.tsv") as file:
        for label, study, text in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            writer.add(label, study, text, text)
    with open(HERE / "hand-false.tsv") as file:
        for kind, study, text in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            writer.add(f"false:{kind}", study, text, text)


def later(writer):
    """Sentences written while the engine was built belong to the first half; those written later are a separate half."""
    for half in ("built", "fresh"):
        with open(HERE / f"hand-{half}.tsv") as file:
            for label, study, text in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
                writer.add(label, study, text, text, half)


def wordings(writer):
    """Halved like the first sentences, but measured apart from them."""
    with open(HERE / "hand-wordings.tsv") as file:
        for label, study, text in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            writer.add(label, study, text, text, "wordings-" + writer.half_of(text))


def main():
    writer = Writer()
    hand(writer)
    templates_of(writer)
    lesions_of(writer)
    contacts_of(writer)
    enhancement_of(writer)
    later(writer)
    wordings(writer)
    studies = {name: findings(lesions) for name, lesions in STUDIES.items()}
    (HERE / "studies.json").write_text(json.dumps(studies, indent=1, ensure_ascii=False) + "\n")
    lines = ["half\tlabel\tstudy\tsentence"] + ["\t".join(map(str, row)) for row in writer.rows]
    (HERE / "sentences.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
