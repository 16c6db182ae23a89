import json
import subprocess
import sys
from pathlib import Path

import card
import pytest


def metrics():
    figures = {"mean": 0.9, "median": 0.8, "least": 0.1234, "largest": 2.0}
    summary = dict.fromkeys(("dice", "hd95_mm", "lesion_f1", "volume_error"), figures)
    case = {"dice": 0.91234, "hd95_mm": 3.21, "lesion_f1": 1.0, "volume_error": None}
    quality = {"correlation": 0.5, "bad": 4, "bad_flagged": 3, "good": 11, "good_flagged": 1}
    told = {"calibration_error_before": 0.1, "calibration_error": 0.01, "quality": quality,
            "reliability": [{"confidence": 0.6, "accuracy": 0.5}, {"confidence": 0.9, "accuracy": 0.9}]}
    told["threshold"] = {"chosen": 0.35, "mean_dice_even": 0.7, "mean_dice": 0.725}
    told["lesions"] = {"lesions": 9, "wholly_wrong": 2, "mean_absolute_error": 0.1, "mean_absolute_error_before": 0.3, "confidence": 0.5, "right": 0.5}
    told["enhancement"] = {"enhancing": 9, "enhancing_kept": 8, "quiet": 7, "quiet_cleared": 6, "subsets": 4, "unmarked": 5}
    told["around_enhancement"] = {"without": 0.8, "with": 0.85, "better": 3, "worse": 1}
    regions = ("WT", "TC", "ET")
    group = {"patients": 6, "four": dict.fromkeys(regions, 0.9), "mean_over_subsets": dict.fromkeys(regions, 0.8)}
    return {"summary": dict.fromkeys(regions, summary), "cases": {"Brats18_TCIA10_1_1": dict.fromkeys(regions, case)},
            "subsets": {"t1+flair": dict.fromkeys(regions, 0.7)}, "mean_over_subsets": dict.fromkeys(regions, 0.6),
            "with_t1ce": dict.fromkeys(regions, 0.65), "apart": {"earlier": group, "later": {**group, "patients": 2}},
            "calibration": dict.fromkeys(regions, told)}


def write(folder, text):
    (folder / "MODEL_CARD.md").write_text(text)
    (folder / "metrics.json").write_text(json.dumps(metrics()))
    script = Path(card.__file__)
    words = [sys.executable, script, "--folder", folder, "--metrics", folder / "metrics.json", "--log", folder / "log.jsonl"]
    return subprocess.run(words, capture_output=True)


def test_figures_stand_between_the_marks(tmp_path):
    assert write(tmp_path, f"# m\n{card.BEGIN}\nstale\n{card.END}\nwritten by hand\n").returncode == 0
    text = (tmp_path / "MODEL_CARD.md").read_text()
    assert "stale" not in text and text.endswith("written by hand\n") and text.startswith("# m\n")
    assert "| Brats18_TCIA10_1_1 | TCIA10 (in BraTS 2018), low grade | 0.912 | 0.912 | 0.912 | 3.2 | – % |" in text
    assert "| T1 + FLAIR | 0.700 | 0.700 | 0.700 |" in text and "3 of 4" in text
    assert "| 2, further ones | 0.900/0.900/0.900 | 0.800/0.800/0.800 |" in text and "8 are kept" in text and "0.850 with it" in text
    assert card.site("BraTS19_CBICA_BHQ_1") == "CBICA (in BraTS 2019)" and card.site("Brats18_2013_11_1") == "BraTS 2013 (in BraTS 2018)"
    assert "| TC | 0.35 | 0.700 | 0.725 |" in text
    assert (tmp_path / "reliability.svg").read_text().count("<polyline") == 3


def test_the_losses_stay_where_no_log_is_at_hand(tmp_path):
    (tmp_path / "log.jsonl").write_text("".join(f'{{"step": {step}, "s": 60, "loss": 0.5}}\n' for step in range(1, 13)))
    write(tmp_path, f"{card.BEGIN}\n{card.END}\nwritten by hand\n")
    text = (tmp_path / "MODEL_CARD.md").read_text()
    assert text.count("| 12 | 1 | 0.500 |") == 1
    (tmp_path / "log.jsonl").unlink()
    assert write(tmp_path, text).returncode == 0 and (tmp_path / "MODEL_CARD.md").read_text() == text


def test_a_card_without_marks_stays_as_it_is(tmp_path):
    assert write(tmp_path, "# m\n").returncode != 0
    assert (tmp_path / "MODEL_CARD.md").read_text() == "# m\n"


@pytest.mark.parametrize("name, place", [
    ("BraTS2021_01659", "BraTS 2021"), ("Brats18_2013_11_1", "BraTS 2013 (in BraTS 2018)"), ("Brats18_CBICA_AQN_1", "CBICA (in BraTS 2018)"),
])
def test_sites(name, place):
    assert card.site(name) == place
