"""The command: files that hold no network or need code, and what it leaves behind."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from importing import import_model, sources

SCRIPT = Path(import_model.__file__)


@pytest.mark.parametrize("name, wanted", [
    ("necrotic and non-enhancing tumor core", "NCR"), ("NETC", "NCR"), ("Ncr/Net", "NCR"), ("peritumoral edematous tissue", "ED"),
    ("SNFH", "ED"), ("ED", "ED"), ("GD-enhancing tumor", "ET"), ("enhancing tumour", "ET"), ("resection cavity", None), ("label 1", None),
])
def test_classes_are_known_by_their_names(name, wanted):
    assert sources.tumour_class(name) == wanted


@pytest.mark.parametrize("name, wanted", [
    ("Whole tumor", "WT"), ("Tumor core", "TC"), ("Enhancing tumor", "ET"), ("tc", "TC"),
    ("non-enhancing tumor core", None), ("liver", None),
])
def test_regions_are_known_by_their_names(name, wanted):
    assert sources.region(name) == wanted


@pytest.mark.parametrize("names", [["t1n", "t1c", "t2w", "t2f"], ["T1", "T1Gd", "T2", "FLAIR"], ["T1w", "T1-CE", "T2w", "T2-FLAIR"]])
def test_sequences_are_known_by_their_names(names):
    assert sources.sequence_channels(names, "a test") == [0, 1, 2, 3]
    assert sources.sequence_channels(names[::-1], "a test") == [3, 2, 1, 0]


class Code:
    def __reduce__(self):
        return os.system, ("touch ran",)


def refused(path, capsys, *more):
    """What the command says about a path that it refuses."""
    before = sorted(path.parent.iterdir())
    assert import_model.main([str(path), "--out", str(path.parent / "deep" / "out"), *more]) == 65
    assert sorted(path.parent.iterdir()) == before
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize("is_zip", [True, False])
def test_pickled_code_is_not_run(is_zip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mome_plus.pth"
    if is_zip:
        torch.save({"network_weights": Code()}, path)
    else:
        path.write_bytes(pickle.dumps(Code(), 2))
    assert "pickled code" in refused(path, capsys)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"hello world" * 20, b"PK\x03\x04" + bytes(200)])
@pytest.mark.parametrize("name", ["mome_plus.pth", "bundle.zip"])
def test_damaged_files_are_refused(content, name, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(content)
    assert "damaged" in refused(path, capsys)


def test_a_truncated_checkpoint_is_refused(tmp_path, capsys):
    path = tmp_path / "mome_plus.pth"
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    assert "damaged" in refused(path, capsys)


@pytest.mark.parametrize("content", [{"weight": torch.zeros(3)}, torch.zeros(3), [1, 2], {"network_weights": 3}, {1: 2}])
def test_files_without_our_networks_are_refused(content, tmp_path, capsys):
    path = tmp_path / "some.pth"
    torch.save(content, path)
    assert re.search(r"MoME\+|no state_dict", refused(path, capsys))


def test_what_is_not_there_or_empty_is_refused(tmp_path, capsys):
    assert "There is no" in refused(tmp_path / "nothing.pth", capsys)
    (tmp_path / "empty").mkdir()
    assert "no MONAI bundle" in refused(tmp_path / "empty", capsys)


def test_an_existing_folder_is_left_alone(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    assert import_model.main([str(tmp_path), "--out", str(tmp_path / "out")]) == 65
    assert "exists already" in capsys.readouterr().err and (tmp_path / "out" / "mine").read_text() == "x"


@pytest.mark.parametrize("name", ["", "a/b", "../up", "ü"])
def test_names_are_checked(name, tmp_path, capsys):
    (tmp_path / "ä").mkdir()
    assert "is no name" in refused(tmp_path / "ä", capsys, *(["--name", name] if name else []))


def test_the_script_answers_by_exit_code(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "nothing", "--out", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 65 and done.stdout == "" and done.stderr.startswith("There is no")
