"""Trust policy files: which logs and which witnesses an auditor accepts (C2SP tlog-policy)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from edgewise import checkpoints, notes
from edgewise.checkpoints import Checkpoint
from edgewise.encoding import to_decimal, to_text
from edgewise.errors import VerificationError
from edgewise.notes import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, VerifierKey

NO_QUORUM = "none"
LOG_KINDS = frozenset({ED25519, ML_DSA_44_COSIGNATURE})
WITNESS_KINDS = frozenset({ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE})
MAX_LINES = 1_000
MAX_BYTES = 1 << 20
MAX_GROUPS = 100

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class QuorumMissed(VerificationError):
    """Signed by the log, but not (yet) cosigned by enough witnesses."""


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as a witness when `threshold` of its members do."""

    threshold: int
    members: tuple[str, ...]


@dataclass(slots=True)
class TrustPolicy:
    """Accepted logs, named witnesses and groups of them, and the one that must have cosigned (`quorum`).

    `quorum` has to be stated, `NO_QUORUM` where none is asked for: nothing satisfies a policy without.
    """

    logs: dict[VerifierKey, str] = field(default_factory=dict)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = ""

    def text(self) -> str:
        """The policy file."""
        lines = [f"log {key} {url}".rstrip() for key, url in self.logs.items()]
        for name, key in self.witnesses.items():
            lines.append(f"witness {name} {key} {self.urls.get(name, '')}".rstrip())
        for name, group in self.groups.items():
            lines.append(f"group {name} {group.threshold} {' '.join(group.members)}")
        return "\n".join([*lines, f"quorum {self.quorum or NO_QUORUM}", ""])

    def check(self, note: str | bytes) -> Checkpoint:
        """Checkpoint in a note that satisfies this policy; VerificationError if it does not."""
        opened = notes.verify(note, [*self.logs, *self.witnesses.values()])
        checkpoint = checkpoints.parse(opened.text)
        if not any(key.name == checkpoint.origin and key in self.logs for key in opened.keys):
            raise VerificationError(f"{checkpoint.origin} is not an accepted log, or did not sign")
        if not self.reached(opened.keys):
            raise QuorumMissed(f"the cosignatures do not reach the quorum {self.quorum}")
        return checkpoint

    def reached(self, keys: Collection[VerifierKey]) -> bool:
        """Whether these keys, if each has cosigned, make up the quorum."""
        return self._reached(self.quorum, keys)

    def _reached(self, name: str, keys: Collection[VerifierKey]) -> bool:
        if name == NO_QUORUM:
            return True
        if name in self.witnesses:
            return self.witnesses[name] in keys
        if name not in self.groups:
            raise VerificationError(_undefined(name))
        group = self.groups[name]
        return sum(self._reached(member, keys) for member in group.members) >= group.threshold


def _undefined(quorum: str) -> str:
    if not quorum:
        return f"the policy has no quorum; name a witness, a group or {NO_QUORUM}"
    return f"the policy defines no witness and no group {quorum}"


def for_log(vkeys: Sequence[str], url: str = "") -> TrustPolicy:
    """Policy that accepts one log by any of its keys and asks for no witness."""
    return TrustPolicy(logs={notes.parse_vkey(key): url for key in vkeys}, quorum=NO_QUORUM)


def parse(text: str | bytes) -> TrustPolicy:
    """Read a policy file; VerificationError names the first line that is wrong."""
    if len(text) > MAX_BYTES:
        raise VerificationError(f"a policy of more than {MAX_BYTES} bytes is not read")
    policy, lines = TrustPolicy(), to_text(text, "the policy").split("\n")
    if len(lines) > MAX_LINES:
        raise VerificationError(f"a policy of more than {MAX_LINES} lines is not read")
    for number, line in enumerate(lines, 1):
        words = re.split(r"[ \t]+", line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            _read_line(policy, words)
        except VerificationError as problem:
            raise VerificationError(f"line {number} of the policy: {problem}") from None
    if not policy.quorum:
        raise VerificationError("the policy has no quorum line")
    return policy


def _read_line(policy: TrustPolicy, words: list[str]) -> None:
    readers = {
        "log": (_read_log, "log VKEY [URL]", 1, 2),
        "witness": (_read_witness, "witness NAME VKEY [URL]", 2, 3),
        "group": (_read_group, "group NAME COUNT MEMBER...", 3, MAX_LINES),
        "quorum": (_read_quorum, "quorum NAME", 1, 1),
    }
    _refuse(words[0] not in readers, f"{words[0]} is not known")
    read, form, least, most = readers[words[0]]
    _refuse(not least <= len(words) - 1 <= most, f"the line reads {form}")
    _refuse(any(map(_CONTROL.search, words)), "a control character")
    read(policy, words[1:])


def _read_log(policy: TrustPolicy, words: list[str]) -> None:
    key = notes.parse_vkey(words[0])
    _refuse(key.kind not in LOG_KINDS, "this is the key of a witness, not of a log")
    _refuse(any(key.public == other.public for other in policy.logs), "this log is listed twice")
    policy.logs[key] = "".join(words[1:])


def _read_witness(policy: TrustPolicy, words: list[str]) -> None:
    name, key = words[0], notes.parse_vkey(words[1])
    _refuse(key.kind not in WITNESS_KINDS, "this is the key of a log, not of a witness")
    _refuse_name(policy, name)
    _refuse(any(key.public == other.public for other in policy.witnesses.values()), "listed twice")
    policy.witnesses[name] = key
    policy.urls[name] = "".join(words[2:])


def _read_group(policy: TrustPolicy, words: list[str]) -> None:
    name, count, members = words[0], words[1], tuple(words[2:])
    _refuse_name(policy, name)
    _refuse(len(policy.groups) >= MAX_GROUPS, f"more than {MAX_GROUPS} groups are not read")
    known = policy.witnesses.keys() | policy.groups.keys()
    _refuse(not known.issuperset(members), "a member is not defined above")
    taken = [member for group in policy.groups.values() for member in group.members]
    _refuse(len({*taken, *members}) < len(taken) + len(members), "a name is a member twice")
    threshold = {"any": 1, "all": len(members)}.get(count) or to_decimal(count, "the threshold")
    _refuse(not 1 <= threshold <= len(members), "the threshold is not between 1 and the number of members")
    policy.groups[name] = Group(threshold, members)


def _read_quorum(policy: TrustPolicy, words: list[str]) -> None:
    name = words[0]
    _refuse(bool(policy.quorum), "a second quorum line")
    _refuse(name not in {NO_QUORUM, *policy.witnesses, *policy.groups}, f"{name} is not defined above")
    policy.quorum = name


def _refuse_name(policy: TrustPolicy, name: str) -> None:
    _refuse(name in {NO_QUORUM, *policy.witnesses, *policy.groups}, f"the name {name} is taken")


def _refuse(broken: bool, why: str) -> None:
    if broken:
        raise VerificationError(why)
