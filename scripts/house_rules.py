#!/usr/bin/env python3
"""The house's rules as code: imports against the table of design, banned words, sizes, files that must not be in git."""
import pathlib
import re
import subprocess
import sys
import tempfile

# target -> what it may import of ours, of other packages' modules that others must not see, and of the C borders
ARROWS = {
    "Claims": set(),
    "Imaging": {"CITK", "CZlib"},
    "Inference": {"Imaging", "COpenVINO", "COnnxRuntime"},
    "Storage": {"CPostgres", "GRDB"},
    "Rendering": {"Imaging", "CCairo", "CPango", "CQRencode"},
    "Features": {"Claims", "Imaging", "Storage", "Rendering", "CArgon2", "JWTKit"},
    "Web": {"Features", "Imaging", "Rendering", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "Mustache"},
    "neuroai": None,  # Wiring sees everything
}
GUARDED = {
    "Claims", "CITK", "CZlib", "COpenVINO", "COnnxRuntime", "CPostgres", "CArgon2", "CCairo", "CPango", "CQRencode", "Imaging", "Inference", "Storage", "Rendering", "Features",
    "Web", "GRDB", "JWTKit", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "Mustache",
}
# pattern -> why; each holds for Sources/ alone
BANNED = {
    r"\bfatalError\(": "ends the process: throw an error",
    r"\btry!": "traps: throw",
    r"\bas! ": "traps: use as? and answer",
    r"\bTODO\b|\bFIXME\b|\bXXX\b": "unfinished work belongs in an issue",
    r"\[String: Any\]": "a value has a type",
    r"^\s*//\s*(let|var|func|if|for|return)\b.*[;{(]": "commented-out code: delete it",
    r"\bprint\(": "log, or write to the terminal in neuroai",
}
BANNED_NAMES = re.compile(r"(Utils|Helpers?|Manager|Common|Legacy|V2)\b")
SQL = re.compile(r"\"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM) ", re.I)
SQL_HOMES = re.compile(r"(Store|Store\+\w+|Migrator)\.swift$")
HARD_LINES = 500


def swift_files(root):
    return sorted((root / "Sources").rglob("*.swift"))


def target_of(root, path):
    return path.relative_to(root / "Sources").parts[0]


def check_imports(root):
    for path in swift_files(root):
        target = target_of(root, path)
        allowed = ARROWS.get(target, set())
        if allowed is None:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r"\s*(?:@\w+(?:\([^)]*\))?\s+|package\s+|public\s+|internal\s+)*import\s+(?:\w+\s+)?(\w+)", line)
            if match and match.group(1) in GUARDED - allowed:
                yield f"{path}:{number}: {target} may not import {match.group(1)}"


def check_words(root):
    for path in swift_files(root):
        target = target_of(root, path)
        if BANNED_NAMES.search(path.stem):
            yield f"{path}: a name that says nothing"
        lines = path.read_text().splitlines()
        if len(lines) > HARD_LINES:
            yield f"{path}: {len(lines)} lines (hard limit {HARD_LINES})"
        for number, line in enumerate(lines, 1):
            for pattern, why in BANNED.items():
                if re.search(pattern, line) and not (target == "neuroai" and "print" in pattern):
                    yield f"{path}:{number}: {why}"
            if target != "Storage" and SQL.search(line) and not SQL_HOMES.search(path.name):
                yield f"{path}:{number}: SQL belongs in a …Store.swift or in Migrations"


def check_images(root):
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in listed:
        if re.search(r"\.(nii|nii\.gz|dcm|mha|nrrd)$", name, re.I):
            yield f"{name}: images are made by the project, not committed"


def check_format(root):
    run = subprocess.run(
        ["swift", "format", "lint", "--strict", "--recursive", "--parallel", "Package.swift", "Sources", "Tests"],
        cwd=root, capture_output=True, text=True)
    if run.returncode:
        yield from (run.stderr or run.stdout).splitlines()[:40]


def faults(root):
    for check in (check_imports, check_words, check_images, check_format):
        yield from check(root)


PLANTS = {
    "import": ("Sources/Features/Planted.swift", "import Inference\n"),
    "http in rules": ("Sources/Features/Planted.swift", "import Hummingbird\n"),
    "trap": ("Sources/Imaging/Planted.swift", "let planted = try! planted()\n"),
    "sql": ("Sources/Features/Planted.swift", 'let planted = "SELECT 1 FROM cases"\n'),
    "name": ("Sources/Imaging/ImagingUtils.swift", "struct Planted {}\n"),
    "length": ("Sources/Imaging/Planted.swift", "let planted = 1\n" * 501),
    "print": ("Sources/Web/Planted.swift", "func planted() { print(1) }\n"),
}


def self_test():
    missed = []
    for name, (where, text) in PLANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / where).parent.mkdir(parents=True)
            (root / where).write_text(text)
            if not list(check_imports(root)) + list(check_words(root)):
                missed.append(name)
    return missed


def main():
    if "--self-test" in sys.argv:
        missed = self_test()
        print(f"check: {len(PLANTS) - len(missed)} of {len(PLANTS)} planted faults found")
        return 1 if missed else 0
    found = list(faults(pathlib.Path(".")))
    print("\n".join(found) if found else "check: formatting, imports, words, sizes and files are in order")
    return 1 if found or self_test() else 0


if __name__ == "__main__":
    sys.exit(main())
