"""`scripts/setup` on a machine that lacks Debian packages; Python, apt-get and dpkg-query are stood in for."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READ_BY_SETUP = ("system-packages.txt", "requirements.txt", "requirements-dev.txt", "sdk/pyproject.toml")
VENV = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
PYTHON = """#!/bin/sh
case "$*" in
  *"import ensurepip"*) test -e {installed} ;;
  "-m venv .venv") test -e {installed} && mkdir -p .venv/bin && cp {inner} .venv/bin/python ;;
  *) exec {real} "$@" ;;
esac
"""
INSTALLED = '#!/bin/sh\ncase "$*" in *" curl"*) exit 1 ;; *) printf installed ;; esac\n'
APT_GET = '#!/bin/sh\necho "$@" >>{calls}\ncase "$*" in *" install "*) touch {installed} ;; esac\n'


@dataclass
class Machine:
    """A Debian whose Python cannot make a virtual environment, and that has no curl."""

    place: Path

    def setup(self, *, user: int) -> subprocess.CompletedProcess[str]:
        self._program("id", f"#!/bin/sh\necho {user}\n")
        environment = {"PATH": f"{self.place / 'programs'}:/usr/bin:/bin", "HOME": str(self.place)}
        command = ["bash", str(self.place / "checkout/scripts/setup"), "run"]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def asked_of_apt(self) -> str:
        calls = self.place / "calls"
        return calls.read_text() if calls.exists() else ""

    def prepare(self) -> None:
        for name in READ_BY_SETUP:
            copy = self.place / "checkout" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)
        script = self.place / "checkout/scripts/setup"
        script.parent.mkdir()
        # Where Debian's packages are asked whether to start services is this machine's own: left alone.
        script.write_text((ROOT / "scripts/setup").read_text().replace("/usr/sbin", str(self.place)))
        installed, inner = self.place / "installed", self._program("inner", "#!/bin/sh\n")
        for name in ("python3.11", "python3"):
            self._program(name, PYTHON.format(installed=installed, inner=inner, real=sys.executable))
        self._program("dpkg-query", INSTALLED)
        self._program("apt-get", APT_GET.format(calls=self.place / "calls", installed=installed))

    def _program(self, name: str, text: str) -> Path:
        path = self.place / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.prepare()
    return machine


def test_root_gets_what_makes_virtual_environments_before_one_is_made(machine: Machine) -> None:
    done = machine.setup(user=0)
    assert done.returncode == 0, done.stderr
    assert f"install -y --no-install-recommends {VENV} curl" in machine.asked_of_apt()
    assert (machine.place / "checkout/.venv/installed-run").exists()
    assert not (machine.place / "policy-rc.d").exists()


def test_others_are_told_of_all_missing_packages_in_one_message(machine: Machine) -> None:
    done = machine.setup(user=1000)
    assert done.returncode == 1
    assert f"sudo apt-get install -y --no-install-recommends {VENV} curl" in done.stderr
    assert machine.asked_of_apt() == ""


def test_a_python_that_makes_them_already_needs_no_package_for_it(machine: Machine) -> None:
    (machine.place / "installed").touch()
    assert VENV not in machine.setup(user=1000).stderr
