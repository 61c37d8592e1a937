"""The narrative of a card in templates."""

from django import template

from modelcards.cards import narrative

register = template.Library()

register.filter("narrative", narrative.as_html)
