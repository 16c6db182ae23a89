"""docs/benchmarks.md is written by several programs: each replaces its own section and keeps the others."""
import re


def put(file, text, heading=None):
    """Replaces the section that begins with the line `heading`, or everything before the first section."""
    before = file.read_text() if file.exists() else ""
    parts = re.split(r"(?m)^(?=## )", before)
    text = text.rstrip("\n") + "\n"
    if heading is None:
        parts[0] = text
    else:
        places = [number for number, part in enumerate(parts) if part.startswith(heading + "\n")]
        parts[places[0] if places else len(parts):(places[0] + 1) if places else len(parts)] = [text]
    file.write_text("\n".join(part.rstrip("\n") + "\n" for part in parts if part.strip()))
