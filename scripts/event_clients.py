"""The tools of scripts/event-clients and Benchmarks/events: `websockets` from PyPI in an environment of its own."""
import pathlib
import subprocess
import sys

from api_server import ROOT, versions

ENVIRONMENT = ROOT / ".deps/events"


def prepare():
    """Installs the client if its pin has changed, and continues in its environment."""
    pin = f"websockets=={versions()['WEBSOCKETS_VERSION']}"
    marker = ENVIRONMENT / "pins"
    if not marker.exists() or marker.read_text() != pin:
        print(f"events: installing {pin} into {ENVIRONMENT}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(ENVIRONMENT / "bin/pip"), "install", "-q", "--disable-pip-version-check", pin], check=True)
        marker.write_text(pin)
    packages = next((ENVIRONMENT / "lib").glob("python3*/site-packages"))
    sys.path.insert(0, str(pathlib.Path(packages)))
