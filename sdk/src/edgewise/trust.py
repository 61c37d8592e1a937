"""Trust policy files: which logs and which witnesses an auditor accepts (C2SP tlog-policy)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgewise import checkpoints, notes
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.notes import VerifierKey

NO_QUORUM = "none"


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as a witness when `threshold` of its members do."""

    threshold: int
    members: tuple[str, ...]


@dataclass(slots=True)
class TrustPolicy:
    """Accepted logs, named witnesses and groups of them, and the one that must have cosigned."""

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
        if not self._reached(self.quorum, opened.keys):
            raise VerificationError(f"the cosignatures do not reach the quorum {self.quorum}")
        return checkpoint

    def _reached(self, name: str, keys: Sequence[VerifierKey]) -> bool:
        if name == NO_QUORUM:
            return True
        if name in self.witnesses:
            return self.witnesses[name] in keys
        group = self.groups[name]
        return sum(self._reached(member, keys) for member in group.members) >= group.threshold


def for_log(vkeys: Sequence[str], url: str = "") -> TrustPolicy:
    """Policy that accepts one log by any of its keys and asks for no witness."""
    return TrustPolicy(logs={notes.parse_vkey(key): url for key in vkeys}, quorum=NO_QUORUM)


def parse(text: str) -> TrustPolicy:
    """Read a policy file; VerificationError names the first line that is wrong."""
    policy = TrustPolicy()
    for number, line in enumerate(text.split("\n"), 1):
        words = re.split(r"[ \t]+", line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            _read_line(policy, words)
        except (VerificationError, ValueError, IndexError) as problem:
            raise VerificationError(f"line {number} of the policy: {problem}") from None
    if not policy.quorum:
        raise VerificationError("the policy has no quorum line")
    return policy


def _read_line(policy: TrustPolicy, words: list[str]) -> None:
    readers = {"log": _read_log, "witness": _read_witness, "group": _read_group, "quorum": _read_quorum}
    if words[0] not in readers:
        raise VerificationError(f"{words[0]} is not known")
    readers[words[0]](policy, words[1:])


def _read_log(policy: TrustPolicy, words: list[str]) -> None:
    key, url = notes.parse_vkey(words[0]), _url(words[1:])
    _refuse(any(key.public == other.public for other in policy.logs), "this log is listed twice")
    policy.logs[key] = url


def _read_witness(policy: TrustPolicy, words: list[str]) -> None:
    name, key, url = words[0], notes.parse_vkey(words[1]), _url(words[2:])
    _refuse_name(policy, name)
    _refuse(any(key.public == other.public for other in policy.witnesses.values()), "listed twice")
    policy.witnesses[name] = key
    policy.urls[name] = url


def _read_group(policy: TrustPolicy, words: list[str]) -> None:
    name, count, members = words[0], words[1], tuple(words[2:])
    _refuse_name(policy, name)
    known = policy.witnesses.keys() | policy.groups.keys()
    _refuse(not members or not known.issuperset(members), "a member is not defined above")
    taken = [member for group in policy.groups.values() for member in group.members]
    _refuse(len({*taken, *members}) < len(taken) + len(members), "a name is a member twice")
    threshold = {"any": 1, "all": len(members)}.get(count) or int(count)
    _refuse(not 1 <= threshold <= len(members), "the threshold is not between 1 and the number of members")
    policy.groups[name] = Group(threshold, members)


def _read_quorum(policy: TrustPolicy, words: list[str]) -> None:
    (name,) = words
    _refuse(bool(policy.quorum), "a second quorum line")
    _refuse(name not in {NO_QUORUM, *policy.witnesses, *policy.groups}, f"{name} is not defined above")
    policy.quorum = name


def _refuse_name(policy: TrustPolicy, name: str) -> None:
    _refuse(name in {NO_QUORUM, *policy.witnesses, *policy.groups}, f"the name {name} is taken")


def _url(words: list[str]) -> str:
    _refuse(len(words) > 1, "too many words")
    return words[0] if words else ""


def _refuse(broken: bool, why: str) -> None:
    if broken:
        raise VerificationError(why)
