"""Whether a proposal passes: counts and thresholds as exact rationals.

The quorum is a quorum of consent: only those who agree (and, where the charter says so, those who abstain) count
towards it, so that a No can never make a proposal pass. Abstentions are left out of every majority.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True)
class Threshold:
    """A share to be reached; ``strict`` means that it has to be exceeded."""

    share: Fraction
    strict: bool = False

    def met(self, count: int, of: int) -> bool:
        """Whether ``count`` of ``of`` suffices; nothing out of nothing does not."""
        return of > 0 and count >= self.needed(of)

    def needed(self, of: int) -> int:
        """The smallest whole number that suffices."""
        exact = self.share * of
        return math.floor(exact) + 1 if self.strict else math.ceil(exact)


HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Rules:
    """What the charter demands. None means that it does not ask for it."""

    quorum: Threshold = Threshold(HALF)
    constituency_quorum: Threshold | None = None
    majority: Threshold = Threshold(HALF, strict=True)
    constituency_majority: Threshold | None = Threshold(HALF, strict=True)
    abstentions_count: bool = False


@dataclass(frozen=True)
class Count:
    """The votes on the final text in one constituency; ``electors`` leaves out who stood aside."""

    electors: int
    agree: int = 0
    abstain: int = 0
    disagree: int = 0
    object: int = 0

    @property
    def voted(self) -> int:
        return self.agree + self.abstain + self.disagree + self.object

    @property
    def decided(self) -> int:
        """Votes that say yes or no."""
        return self.agree + self.disagree + self.object

    def consent(self, rules: Rules) -> int:
        """Votes that count towards the quorum."""
        return self.agree + (self.abstain if rules.abstentions_count else 0)


@dataclass(frozen=True)
class Test:
    """One rule applied: ``count`` of ``of``, ``needed`` of them; ``where`` names a constituency, if it is its own."""

    name: str
    count: int
    needed: int
    of: int
    met: bool
    where: str = ""


@dataclass(frozen=True)
class Verdict:
    """``passed``, and why; ``quorum`` says whether the quorum itself was reached."""

    passed: bool
    quorum: bool
    tests: list[Test] = field(default_factory=list)
    in_favour: dict[str, bool | None] = field(default_factory=dict)


def total(counts: Mapping[str, Count]) -> Count:
    """The votes of all constituencies together."""
    every = counts.values()
    return Count(
        electors=sum(c.electors for c in every),
        agree=sum(c.agree for c in every),
        abstain=sum(c.abstain for c in every),
        disagree=sum(c.disagree for c in every),
        object=sum(c.object for c in every),
    )


def judge(counts: Mapping[str, Count], rules: Rules) -> Verdict:
    """Applies the charter's ``rules`` to the votes by constituency."""
    quorum = _quorum(counts, rules)
    majority = _majority(counts, rules)
    tests = quorum + majority
    return Verdict(
        passed=all(test.met for test in tests),
        quorum=all(test.met for test in quorum),
        tests=tests,
        in_favour={name: _in_favour(count, rules) for name, count in counts.items()},
    )


def _test(name: str, rule: Threshold, count: int, of: int, where: str = "") -> Test:
    return Test(name, count, rule.needed(of), of, rule.met(count, of), where)


def _quorum(counts: Mapping[str, Count], rules: Rules) -> list[Test]:
    whole = total(counts)
    tests = [_test("quorum", rules.quorum, whole.consent(rules), whole.electors)]
    if rules.constituency_quorum is not None:
        tests += [
            _test(
                "constituency_quorum", rules.constituency_quorum, count.consent(rules), count.electors, name
            )
            for name, count in counts.items()
            if count.electors
        ]
    return tests


def _majority(counts: Mapping[str, Count], rules: Rules) -> list[Test]:
    whole = total(counts)
    tests = [_test("majority", rules.majority, whole.agree, whole.decided)]
    if rules.constituency_majority is not None:
        seated = [count for count in counts.values() if count.electors]
        favour = sum(_in_favour(count, rules) is True for count in seated)
        tests.append(_test("constituency_majority", rules.constituency_majority, favour, len(seated)))
    return tests


def _in_favour(count: Count, rules: Rules) -> bool | None:
    """Whether the constituency is in favour; None when nobody in it said yes or no."""
    return rules.majority.met(count.agree, count.decided) if count.decided else None
