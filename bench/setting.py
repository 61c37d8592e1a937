"""What the benchmarks need: an organisation of their own, systems with keys, the server's processes."""

import secrets
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from audits.decisions import assessing
from bench.payload import EDGES, Payload
from governance import trail
from governance.access import services as access
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import selectors as policy_selectors
from governance.policies import services as policies
from governance.systems import services as systems
from governance.systems.models import AISystem

QUIET_SECONDS = 120.0


def wait_until_quiet() -> None:
    """Until what was logged is assessed: the worker must not take time from what is measured next."""
    deadline = time.monotonic() + QUIET_SECONDS
    while assessing.behind() and time.monotonic() < deadline:
        time.sleep(0.5)


@dataclass(frozen=True, slots=True)
class Target:
    """One AI system to post to."""

    system: AISystem
    key: str
    payload: Payload

    @property
    def headers(self) -> dict[str, str]:
        """Of a request that logs decisions."""
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}


@trail.act()
def organisation() -> tuple[Organisation, Person]:
    """A new organisation with an owner; its name says what it is for."""
    slug = f"bench-{secrets.token_hex(4)}"
    made = organisations.found(slug=slug, name="Benchmark", log_is_public=True, at=timezone.now())
    owner = organisations.add_person(
        organisation=made, username=slug, password=None, role="owner", by=None, at=timezone.now()
    )
    return made, owner


@trail.act()
def target(made: Organisation, owner: Person, name: str, *, traced: bool = False) -> Target:
    """A new system with eight edges, equal weights and a key."""
    now = timezone.now()
    system = systems.register(
        organisation=made,
        slug=name,
        name=name,
        purpose="Measures how fast decisions are logged.",
        position="provider",
        risk_class="minimal",
        risk_reasoning="Synthetic records.",
        by=owner,
        at=now,
        accountable_officer=owner,
    )
    cards = [
        edges.EdgeCard(
            slug=edge,
            name=edge.capitalize(),
            definition=f"A synthetic edge called {edge}.",
            anchor_low="Worst.",
            anchor_mid="Halfway.",
            anchor_high="Best.",
        )
        for edge in EDGES
    ]
    edges.define(system=system, edges=cards, by=owner, at=now)
    systems.add_version(system=system, name="1.0", by=owner, at=now)
    policy = policies.set_first(
        system=system, weights={edge: Fraction(1, len(EDGES)) for edge in EDGES}, by=owner, at=now
    )
    _, key = access.create_api_key(system=system, label="bench", by=owner, at=now)
    return Target(system, key, Payload(name, policy.version, policy.digest, traced=traced))


@trail.act()
def grown(name: str) -> Target | None:
    """The newest system of that name that an earlier run posted to, with a key of its own; None if there is none."""
    system = AISystem.objects.select_related("organisation").filter(slug=name).order_by("-pk").first()
    policy = None if system is None else policy_selectors.history(system=system).first()
    if system is None or policy is None:
        return None
    _, key = access.create_api_key(system=system, label="bench", by=None, at=timezone.now())
    return Target(system, key, Payload(name, policy.version, policy.digest, traced=True))


def web_processes() -> list[int]:
    """The process ids of this home's web server."""
    return processes(b"granian")


def processes(word: bytes) -> list[int]:
    """The ids of this home's processes whose command line has that word."""
    home = f"EDGEWISE_HOME={settings.EDGEWISE_HOME}".encode()
    return [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and _has(folder / "cmdline", word) and _has(folder / "environ", home)
    ]


def _has(path: Path, part: bytes) -> bool:
    try:
        return part in path.read_bytes().split(b"\0") or (
            path.name == "cmdline" and part in path.read_bytes()
        )
    except OSError:
        return False


def peak_mib(process: int) -> float:
    """The most memory the process ever held (VmHWM), in MiB."""
    return _status_mib(process, "VmHWM:")


def resident_mib(process: int) -> float:
    """The memory the process holds now (VmRSS), in MiB."""
    return _status_mib(process, "VmRSS:")


def _status_mib(process: int, name: str) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0
