"""Lets the tests import the training modules as they import each other."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
