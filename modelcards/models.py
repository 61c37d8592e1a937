"""The models of every noun, gathered for Django."""

from modelcards.cards.models import Card, CardVersion
from modelcards.evaluations.models import EvaluationResult

__all__ = ["Card", "CardVersion", "EvaluationResult"]
