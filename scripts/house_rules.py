#!/usr/bin/env python3
"""The house's rules as code: imports against the table of design, banned words, sizes, files that must not be in git."""
import pathlib
import re
import subprocess
import sys
import tempfile

# target -> what it may import of ours, of other packages' modules that others must not see, and of the C borders
ARROWS = {
    "Basics": set(),
    "Claims": set(),
    "Redis": {"Basics", "NIOCore", "NIOPosix", "NIOSSL"},
    "Celery": {"Basics", "Redis"},
    "Dicom": {"CZlib"},
    "Imaging": {"Basics", "CITK", "CZlib", "Dicom"},
    "Inference": {"Basics", "Imaging", "COpenVINO", "COnnxRuntime"},
    "Storage": {"Basics", "CPostgres", "GRDB", "Subprocess"},
    "ObjectStorage": {"Basics", "Storage", "AsyncHTTPClient", "NIOCore", "NIOHTTP1"},
    "Rendering": {"Basics", "Imaging", "CCairo", "CPango", "CQRencode"},
    "Kernel": {"Basics", "Storage", "Tracing"},
    "Features": {"Basics", "Claims", "Imaging", "Kernel", "Storage", "Rendering", "CArgon2", "JWTKit"},
    "Administration": {"Basics", "Features", "Imaging", "Kernel", "Storage"},
    "Web": {"Administration", "Basics", "Features", "Imaging", "Kernel", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOHTTP1", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOWebSocket", "Mustache", "Tracing"},
    "neuroai": None,  # Wiring sees everything
}
GUARDED = {
    "AsyncHTTPClient", "Dicom", "ObjectStorage", "Administration", "Basics", "Celery", "Claims", "Kernel", "Redis", "CITK", "CZlib", "COpenVINO", "COnnxRuntime", "CPostgres", "CArgon2", "CCairo", "CPango", "CQRencode", "Imaging", "Inference", "Storage", "Rendering", "Features",
    "Web", "GRDB", "JWTKit", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
    "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOWebSocket", "Mustache", "ServiceLifecycle", "Subprocess", "Tracing",
}
# Modules that the toolchain has.
SYSTEM = {"Dispatch", "Foundation", "FoundationNetworking", "FoundationXML", "Synchronization", "Testing"}
IMPORT = re.compile(r"\s*(?:@\w+(?:\([^)]*\))?\s+|package\s+|public\s+|internal\s+)*import\s+(?:(?:struct|class|enum|protocol|func|var|let)\s+)?([A-Z]\w+|neuroai\b)")
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
SQL = re.compile(r"\s*((SELECT|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|ALTER\s+TABLE|PRAGMA)\s|WITH\s+\w+.*?\sAS\s*\()", re.S)
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|#*"""|#*"|[()]', re.S)
SQL_HOMES = re.compile(r"(Store|Store\+\w+|Migrator)\.swift$")
HARD_LINES = 500
# Stores, or single functions of theirs, whose rows are of no institution, or are looked up before it is known whose request it is.
UNSCOPED = {
    "BlobRowStore.all": "the operator's backup",
    "BlobRowStore.named": "the sweep of all institutions' files",
    "BlobRowStore.recorded": "check and migration of the whole store",
    "BlobStore": "files, not rows",
    "EventStore": "the log of all institutions; objects are read within a scope",
    "FileStore.scope": "makes the scope of a signed address",
    "MetricStore": "totals of all institutions",
    "ModelStore.institutions": "the operator's command",
    "ModelStore.rollBack": "the operator's command",
    "ReportAddendumStore.completed": "of reports that were read within a scope",
    "UploadStore.deleteExpired": "the operator's maintenance",
    "UploadStore.isNamed": "the sweep of all institutions' uploads",
    "AuditStore": "entries name their institution; the chain is the operator's",
    "CaseContentStore": "holds the scope itself",
    "CasePurgeStore": "the operator's maintenance",
    "IdempotencyStore": "expired answers of all institutions",
    "IdentityStore": "sign-in",
    "InstitutionStore": "institutions themselves, for superusers",
    "InvitationStore": "a secret link, before anybody is signed in",
    "JobStore": "the queue of all institutions",
    "KnownAddressStore": "sign-in",
    "OperationsStore": "the operator's figures",
    "PeriodicTaskStore": "the operator's schedule",
    "SecondFactorStore": "sign-in",
    "SessionStore": "sign-in",
    "ThrottleStore": "sign-in",
    "UserStore": "sign-in",
}
STORE_PART = re.compile(
    r"^(?:package |final )*(?:struct|extension|class) (?P<type>\w+)|^    (?!.*\bprivate\b)(?!.*\bstatic\b)(?:package |mutating )*func (?P<name>\w+)(?:<[^>]*>)?\(", re.M)
# Folders of Kernel and Features by layer: a folder uses only folders of lower layers; "." is what lies beside Kernel's folders.
LAYERS = [
    {"."}, {"Metrics", "Tracing"}, {"Access"}, {"Audit", "Blobs", "Jobs"}, {"Institutions", "Models", "Studies", "Users"}, {"Cases", "Sessions"}, {"Accounts", "SecondFactors", "Segmentation", "Uploads"},
    {"ExpertMasks", "Feedback", "Reports", "SingleSignOn"}, {"Composition", "Events", "Files", "Idempotency"}, {"Backup", "Operations"},
]
FEATURES = {unit: layer for layer, names in enumerate(LAYERS) for unit in names}
# Later migrations only add to the schema (docs/operations.md, "Upgrade without downtime").
LAST_UNCHECKED_MIGRATION = 26
BREAKING = re.compile(
    r"\b(DROP\s+TABLE|RENAME\b|DROP\s+COLUMN|ALTER\s+COLUMN|ADD\s+CONSTRAINT|CREATE\s+UNIQUE\s+INDEX"
    r"|ADD\s+COLUMN\s+(?:(?!DEFAULT)[^;])*?NOT\s+NULL(?:(?!DEFAULT)[^;])*;)", re.I)
LOCKED = re.compile(r"\bwithLock\s*(?:\(\s*)?\{")
RESUMING = re.compile(r"\.(yield|finish|resume)\(|\bcancel\(\)")
# Targets whose stores hold the rows of institutions.
STORE_TARGETS = ("Kernel", "Features", "Administration")
# A type that other files can see, and the use of one; members (`.Name`) and nested types are not looked at.
DECLARATION = re.compile(
    r"^(?:@\w+(?:\([^)]*\))?\s+)*(?:package\s+|public\s+|internal\s+|final\s+|indirect\s+)*(?:struct|class|enum|protocol|actor|typealias)\s+(\w+)", re.M)
USE = re.compile(r"(?<![.\w])(?<!enum )(?<!struct )[A-Z]\w*")


def swift_files(root):
    return sorted((root / "Sources").rglob("*.swift"))


def target_of(root, path):
    return path.relative_to(root / "Sources").parts[0]


def parts(text):
    """A Swift file in parts: for each string literal the place that it begins at and its text without interpolations; for each
    piece of code between literals and comments, also of an interpolation, None and the code."""

    def literal(start, opening):
        """What follows a literal's opening quotes, and where the code goes on."""
        hashes = opening.rstrip('"')
        escape, closing, end, found = "\\" + hashes, opening[len(hashes):] + hashes, start, []
        while end < len(text) and not text.startswith(closing, end):
            if text.startswith(escape + "(", end):
                end = yield from code(end + len(escape) + 1, is_interpolated=True)
            elif text.startswith(escape, end):
                end += len(escape) + 1
            else:
                found.append(text[end])
                end += 1
        yield start, "".join(found)
        return end + len(closing)

    def code(place, is_interpolated):
        depth = 0
        while match := TOKEN.search(text, place):
            token = match[0]
            yield None, text[place:match.start()]
            place = match.end()
            if token.startswith("/"):
                continue
            if token.endswith('"'):
                place = yield from literal(place, token)
            elif token == "(":
                depth += 1
            elif token == ")":
                if depth == 0 and is_interpolated:
                    return place
                depth -= 1
        yield None, text[place:]
        return len(text)

    yield from code(0, is_interpolated=False)


def literals(text):
    """Every string literal of a Swift file with the number of the line that it begins in."""
    for start, found in parts(text):
        if start is not None:
            yield text.count("\n", 0, start) + 1, found


def units(root):
    """The code of each folder of Kernel and Features, and what lies beside the folders, by file."""
    for target in ("Kernel", "Features"):
        for path in sorted((root / "Sources" / target).rglob("*.swift")):
            names = path.relative_to(root / "Sources" / target).parts
            yield names[0] if len(names) > 1 else ".", path, " ".join(code for start, code in parts(path.read_text()) if start is None)


def feature_arrows(root):
    """Which folder of Kernel and Features uses a type of which other, with the type and a file that does."""
    files = list(units(root))
    homes = {name: unit for unit, _, code in files for name in DECLARATION.findall(code)}
    arrows = {}
    for unit, path, code in files:
        for name in USE.findall(code):
            if homes.get(name, unit) != unit:
                arrows.setdefault(unit, {}).setdefault(homes[name], f"{name} in {path.name}")
    return arrows


def check_features(root):
    """The folders of Kernel and Features depend on each other as the table says, and the table has no cycle."""
    arrows = feature_arrows(root)
    for unit, targets in sorted(arrows.items()):
        for target, why in sorted(targets.items()):
            if FEATURES.get(unit, -1) <= FEATURES.get(target, -1):
                yield f"{unit} may not use {target} ({why}): see LAYERS in scripts/house_rules.py"


def check_imports(root):
    for path in swift_files(root):
        target = target_of(root, path)
        allowed = ARROWS.get(target, set())
        if allowed is None:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = IMPORT.match(line)
            if match and match[1] in GUARDED - allowed:
                yield f"{path}:{number}: {target} may not import {match[1]}"


def declared(package):
    """The modules that each target of a Package.swift depends on, and its folder."""
    products = dict(re.findall(r'let (\w+) = Target\.Dependency\.product\(name: "(\w+)"', package))
    for kind, name, rest in re.findall(r'\.(target|executableTarget|testTarget)\(\s*name: "(\w+)"(.*?)(?=\n    \.|\n\])', package, re.S):
        listed = re.search(r"dependencies: \[(.*?)\]", rest, re.S)
        names = re.findall(r'"(\w+)"|(\w+)', listed[1]) if listed else []
        folder = re.search(r'path: "([^"]+)"', rest)
        yield name, folder[1] if folder else f"{'Tests' if kind == 'testTarget' else 'Sources'}/{name}", {
            ours or products[product] for ours, product in names}


def check_dependencies(root):
    """A target imports what Package.swift says that it depends on, and all of that."""
    if not (root / "Package.swift").exists():
        return
    for name, folder, modules in declared((root / "Package.swift").read_text()):
        imported = {}
        for path in sorted((root / folder).rglob("*.swift")):
            for line in path.read_text().splitlines():
                match = IMPORT.match(line)
                if match and match[1] not in SYSTEM:
                    imported.setdefault(match[1], path)
        for module in sorted(imported.keys() - modules):
            yield f"{imported[module]}: Package.swift does not declare that {name} depends on {module}"
        for module in sorted(modules - imported.keys()):
            if imported:
                yield f"Package.swift: {name} does not import {module}"


def check_words(root):
    for path in swift_files(root):
        target = target_of(root, path)
        if BANNED_NAMES.search(path.stem):
            yield f"{path}: a name that says nothing"
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) > HARD_LINES:
            yield f"{path}: {len(lines)} lines (hard limit {HARD_LINES})"
        for number, line in enumerate(lines, 1):
            for pattern, why in BANNED.items():
                if re.search(pattern, line) and not (target == "neuroai" and "print" in pattern):
                    yield f"{path}:{number}: {why}"
        if target == "Storage" or SQL_HOMES.search(path.name):
            continue
        for number, literal in literals(text):
            if SQL.match(literal):
                yield f"{path}:{number}: SQL belongs in a …Store.swift or in Migrations"


def check_locks(root):
    """No stream and no waiting task is told anything under a lock: a task that is being cancelled holds the lock that resuming it needs,
    while its cancellation handler may wait for ours."""
    for path in swift_files(root):
        text = path.read_text()
        for match in LOCKED.finditer(text):
            end, depth = match.end(), 1
            while depth and end < len(text):
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            for call in RESUMING.finditer(text, match.end(), end):
                yield f"{path}:{text.count(chr(10), 0, call.start()) + 1}: resumes a task under a lock: do it after the lock"


def check_migrations(root):
    """The servers of the previous version go on working while the first of a new one migrates."""
    for path in sorted((root / "Sources/Storage/Migrations").glob("m*.sql")):
        text = re.sub(r"--[^\n]*", "", path.read_text())
        if int(path.name[1:5]) > LAST_UNCHECKED_MIGRATION:
            for match in BREAKING.finditer(text):
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: running servers of the previous version would fail: only add"


def store_functions(root):
    """The functions of stores that other files can call: file, line, type, name, and the parameters' text."""
    for path in swift_files(root):
        if target_of(root, path) not in STORE_TARGETS or not re.search(r"Store(\+\w+)?\.swift$", path.name):
            continue
        text, owner = path.read_text(), ""
        for match in STORE_PART.finditer(text):
            if match["type"]:
                owner = match["type"]
            elif owner.endswith("Store"):
                end, depth = match.end(), 1
                while depth:
                    depth += {"(": 1, ")": -1}.get(text[end], 0)
                    end += 1
                yield path, text.count("\n", 0, match.start()) + 1, owner, match["name"], text[match.end():end - 1]


def check_scopes(root):
    """A store's function takes a scope, or an institution, or says `asWorker`, or its store is listed as unscoped; and jobs alone call
    what says `asWorker`."""
    names = {}
    for path, line, owner, name, parameters in store_functions(root):
        is_scoped = bool(re.search(r"\b(Scope|InstitutionID)\b", parameters))
        if not is_scoped and "asWorker" not in parameters and not {owner, f"{owner}.{name}"} & UNSCOPED.keys():
            yield f"{path}:{line}: {owner}.{name} takes no scope: add one, or say `asWorker`"
        if "asWorker" not in parameters and names.setdefault((owner, name), is_scoped) != is_scoped:
            yield f"{path}:{line}: {owner}.{name} exists with a scope and without one: name them apart"
    for path in sorted((root / "Sources").rglob("*.swift")):
        if "asWorker:" in path.read_text() and not re.search(r"(Job|Store(\+\w+)?|TaskIntake)\.swift$", path.name):
            yield f"{path}: only a job, a store or the intake of messages calls what says `asWorker`"


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
    for check in (check_imports, check_dependencies, check_features, check_locks, check_migrations, check_scopes, check_words, check_images, check_format):
        yield from check(root)


PLANTED_PACKAGE = '''let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let targets: [Target] = [
    .target(name: "Web", dependencies: ["Features"]),
    .target(
        name: "Storage", dependencies: [logging]),
]
'''
PLANTS = {
    "store without a scope": ("Sources/Features/Cases/PlantedStore.swift", "struct PlantedStore {\n    func find(_ id: Int) throws {\n    }\n}\n"),
    "one name with and without a scope": (
        "Sources/Features/Users/UserStore.swift",
        "struct UserStore {\n    func find(_ scope: Scope) throws {\n    }\n    func find(_ id: Int) throws {\n    }\n}\n"),
    "worker's function in a service": ("Sources/Features/Cases/Planted.swift", "let planted = try store.find(asWorker: id)\n"),
    "feature arrow": ("Sources/Kernel/Jobs/Planted.swift", "struct Planted {\n    let record: CaseRecord?\n}\n"),
    "feature arrow in a statement": ("Sources/Kernel/Jobs/Planted.swift", 'let planted = "status = \\(CaseRecord.open)"\n'),
    "undeclared import": ("Sources/Web/Planted.swift", "import Logging\nimport Features\n"),
    "dependency of nobody": ("Sources/Storage/Planted.swift", "import Foundation\nimport GRDB\n"),
    "sockets above the client": ("Sources/Celery/Planted.swift", "import NIOCore\n"),
    "celery in features": ("Sources/Features/Planted.swift", "import Celery\n"),
    "imaging below dicom": ("Sources/Dicom/Planted.swift", "import Imaging\n"),
    "dicom beside imaging": ("Sources/Rendering/Planted.swift", "import Dicom\n"),
    "import": ("Sources/Features/Planted.swift", "import Inference\n"),
    "tracing in rules": ("Sources/Features/Planted.swift", "import Tracing\n"),
    "object storage below wiring": ("Sources/Features/Planted.swift", "import ObjectStorage\n"),
    "imaging below features": ("Sources/Kernel/Jobs/Planted.swift", "import Imaging\n"),
    "administration below web": ("Sources/Features/Cases/Planted.swift", "import Administration\n"),
    "http in rules": ("Sources/Features/Planted.swift", "import Hummingbird\n"),
    "trap": ("Sources/Imaging/Planted.swift", "let planted = try! planted()\n"),
    "migration that drops": ("Sources/Storage/Migrations/m0099-planted.sql", "-- Planted.\nALTER TABLE cases DROP COLUMN age;\n"),
    "migration without a default": ("Sources/Storage/Migrations/m0099-planted.sql", "ALTER TABLE cases ADD COLUMN planted TEXT NOT NULL;\n"),
    "stream under a lock": (
        "Sources/Storage/Planted.swift", "func planted() {\n    state.withLock { state in\n        for one in state.all { one.stream.yield(1) }\n    }\n}\n"),
    "cancellation under a lock": ("Sources/Kernel/Jobs/Planted.swift", "let planted = state.withLock({ $0.task?.cancel() })\n"),
    "sql": ("Sources/Features/Planted.swift", 'let planted = "SELECT 1 FROM cases"\n'),
    "sql over lines": ("Sources/Web/Planted.swift", 'let planted = """\n    SELECT id\n    FROM cases\n    """\n'),
    "sql in a with clause": ("Sources/Features/Planted.swift", 'let planted = """\n    WITH newest AS (SELECT 1)\n    SELECT 1\n    """\n'),
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
            (root / "Package.swift").write_text(PLANTED_PACKAGE)
            (root / "Sources/Features/Cases").mkdir(parents=True, exist_ok=True)
            (root / "Sources/Features/Cases/CaseRecord.swift").write_text("struct CaseRecord {}\n")
            if not [fault for check in (check_imports, check_dependencies, check_features, check_locks, check_migrations, check_scopes, check_words) for fault in check(root)]:
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
