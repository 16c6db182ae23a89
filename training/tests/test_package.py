import json

import package
import pytest

KNOWN = {"code": "training/train.py", "patients": ["a"], "phantoms": ["phantom-1"]}


def test_what_was_packed_names_the_patients(tmp_path, monkeypatch):
    for name in ("phantom-2", "b", "a"):
        (tmp_path / f"{name}.npz").touch()
    monkeypatch.setattr(package, "CACHE_1MM", tmp_path)
    assert package.patients(tmp_path) == {"patients": ["a", "b"], "phantoms": ["phantom-2"]}


def test_a_checkout_that_packed_nothing_keeps_what_the_package_says(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "CACHE_1MM", tmp_path / "nothing")
    (tmp_path / "model.json").write_text(json.dumps({"training": KNOWN}))
    assert package.patients(tmp_path) == {"patients": ["a"], "phantoms": ["phantom-1"]}


@pytest.mark.parametrize("known", [None, {**KNOWN, "patients": []}])
def test_a_package_never_forgets_whom_it_was_trained_on(tmp_path, monkeypatch, known):
    monkeypatch.setattr(package, "CACHE_1MM", tmp_path / "nothing")
    if known:
        (tmp_path / "model.json").write_text(json.dumps({"training": known}))
    with pytest.raises(SystemExit, match="nobody knows"):
        package.patients(tmp_path)
