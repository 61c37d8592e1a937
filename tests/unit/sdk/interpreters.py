"""The Pythons that the SDK is for, beside the one that runs the suite: they bring neither pytest nor `cryptography`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

VERSIONS = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parents[3]
SDK = ROOT / "sdk" / "src"
PYTEST = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py.py")
STAND_IN = Path(__file__).with_name("stand_in_signatures.py")


def other(version: str) -> str:
    """An interpreter of a version; skips the test if there is none, or if it runs the suite."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip(f"Python {version} runs this suite")
    among = [
        shutil.which(f"python{version}"),
        *Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"),
    ]
    for each in filter(None, among):
        ran = subprocess.run([each, "--version"], capture_output=True, text=True, check=False)
        if ran.returncode == 0 and ran.stdout.startswith(f"Python {version}."):
            return str(each)
    pytest.skip(f"there is no Python {version} on this machine")


def environment(*folders: Path) -> dict[str, str]:
    """Where an interpreter finds the SDK, and what else is named."""
    paths = os.pathsep.join(map(str, (SDK, *folders)))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}


def furnish(folder: Path) -> None:
    """Put pytest and a stand-in for signatures into a folder, for an interpreter that has neither."""
    packages = Path(pytest.__file__).parents[1]
    for name in PYTEST:
        (folder / name).symlink_to(packages / name)
    keys = folder / "cryptography" / "hazmat" / "primitives" / "asymmetric"
    keys.mkdir(parents=True)
    for module in (folder / "cryptography" / "exceptions.py", keys / "ed25519.py", keys / "mldsa.py"):
        shutil.copy(STAND_IN, module)
