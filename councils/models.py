"""Gathers the nouns' models for Django."""

from councils.deliberation.models import Proposal, Reason, Recusal
from councils.membership.models import Constituency, Council, Seat
from councils.voting.models import Ballot, BallotDraft, Elector, MinorityReport, Tally

__all__ = [
    "Ballot",
    "BallotDraft",
    "Constituency",
    "Council",
    "Elector",
    "MinorityReport",
    "Proposal",
    "Reason",
    "Recusal",
    "Seat",
    "Tally",
]
