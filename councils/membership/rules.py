"""The rules of a charter in plain words."""

from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from councils.membership.models import Council
from councils.voting.passing import Threshold


def in_words(*, council: Council) -> list[tuple[str, str]]:
    """Pairs of what a rule is about and what it says."""
    return [
        (_("Ballots"), _ballots(council)),
        (_("Counting"), _counting(council)),
        (_("Quorum"), _quorum(council)),
        (_("Majority of votes"), _majority(council.rules.majority)),
        (_("Majority of groups"), _groups(council.rules.constituency_majority)),
        (_("While voting"), _hidden(council)),
        (_("Veto"), _veto(council)),
    ]


def lengths(*, council: Council) -> list[tuple[str, str]]:
    """Pairs of a stage and how long the charter lets it last."""
    return [
        (_("Deliberation"), lasting(council.deliberation_seconds)),
        (_("Voting"), lasting(council.voting_seconds)),
        (_("If the quorum is missed"), _("extended once by %s") % lasting(council.extension_seconds)),
        (_("Waiting period"), lasting(council.timelock_seconds)),
    ]


def lasting(seconds: int) -> str:
    """A length of time in its largest whole unit: "7 days", "90 seconds"."""
    if seconds and seconds % 86_400 == 0:
        days = seconds // 86_400
        return ngettext("%d day", "%d days", days) % days
    if seconds and seconds % 3_600 == 0:
        hours = seconds // 3_600
        return ngettext("%d hour", "%d hours", hours) % hours
    if seconds and seconds % 60 == 0:
        minutes = seconds // 60
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    return ngettext("%d second", "%d seconds", seconds) % seconds


def share(of: Fraction) -> str:
    """A share as people say it."""
    names = {
        Fraction(1, 2): _("half"),
        Fraction(1, 3): _("a third"),
        Fraction(2, 3): _("two thirds"),
        Fraction(3, 4): _("three quarters"),
        Fraction(1): _("all"),
    }
    return names.get(of, str(of))


def _ballots(council: Council) -> str:
    if council.is_secret:
        return (
            _("Secret: the record shows who voted, not how. Points go in steps of %d.") % council.point_step
        )
    return _(
        "Open: how each seat voted is published after the close, but for groups with fewer than five ballots."
    )


def _counting(council: Council) -> str:
    words = {
        "independent_markets": _("Proportional tally: each group carries its share of the seats."),
        "utilitarian": _("The split nearest to all ballots together."),
        "mean": _("The average of the ballots; each group carries its share of the seats."),
    }
    return words[council.counting]


def _quorum(council: Council) -> str:
    rules = council.rules
    who = _("have to agree or abstain") if rules.abstentions_count else _("have to agree")
    more = _("More than %s") if rules.quorum.strict else _("At least %s")
    words = more % share(rules.quorum.share) + " " + _("of the members") + " " + who + "."
    if rules.constituency_quorum is not None:
        words += " " + _("So does at least %s of each group.") % share(rules.constituency_quorum.share)
    return words


def _majority(rule: Threshold) -> str:
    more = _("More than %s of the votes for and against.")
    least = _("At least %s of the votes for and against.")
    return (more if rule.strict else least) % share(rule.share)


def _groups(rule: Threshold | None) -> str:
    if rule is None:
        return _("Not asked for.")
    more = _("More than %s of the groups have to be in favour.")
    least = _("At least %s of the groups have to be in favour.")
    return (more if rule.strict else least) % share(rule.share)


def _hidden(council: Council) -> str:
    if council.hide_until_close:
        return _("Only who has voted is shown; the count is hidden until the close.")
    return _("The running count of agree votes is shown.")


def _veto(council: Council) -> str:
    if council.guardian is None:
        return _("Nobody may veto.")
    return _("%s may veto during the waiting period, with a public reason.") % council.guardian
