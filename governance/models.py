"""Gathers the nouns' models for Django."""

from governance.access.models import ApiKey, PersonalToken
from governance.edges.models import Edge, EdgeSet, HardNorm
from governance.jobs.models import Job
from governance.organisations.models import Membership, Organisation, Person
from governance.policies.models import Policy, SuccessorKey
from governance.systems.models import AISystem, ModelVersion

__all__ = [
    "AISystem",
    "ApiKey",
    "Edge",
    "EdgeSet",
    "HardNorm",
    "Job",
    "Membership",
    "ModelVersion",
    "Organisation",
    "Person",
    "PersonalToken",
    "Policy",
    "SuccessorKey",
]
