"""Cards: drafted, written, approved, laid out, published; immutable then, and logged at every step."""

import datetime as dt
import json
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from edgewise import notes

from audits.ledger import selectors as ledger
from audits.ledger import signer
from audits.reports.manifest import sha256
from governance.organisations import services as organisations
from governance.policies import services as policies
from governance.systems import services as systems
from modelcards.cards import freezing, selectors, services, tasks
from modelcards.cards.models import CardVersion
from tests.unit.audits.reports.recomputing import recompute
from tests.unit.modelcards.conftest import AT


def test_a_card_goes_from_draft_to_public(published, organisation):
    assert selectors.published(slug="feed") == published
    types = [event.type for event in ledger.events(organisation=organisation, type="card.")]
    assert types == ["card.published", "card.rendered", "card.approved", "card.edited", "card.drafted"]


def test_why_a_version_was_begun_enters_the_log_sealed(draft, organisation):
    (event,) = ledger.events(organisation=organisation, type="card.drafted")
    log = ledger.log_of(organisation=organisation, system=None)
    entry = ledger.entry(log=log, index=event.index)
    assert draft.reason.encode() not in entry
    assert b'"sealed":{"reason":{"commitment"' in entry


def test_every_figure_recomputes_from_the_pdf(published):
    with published.file.open("rb") as file:
        assert recompute(file.read()) > 10


def test_the_same_version_lays_out_to_the_same_bytes(published):
    assert sha256(tasks.laid_out(published)) == published.pdf_sha256


def test_a_published_version_is_immutable_in_the_database(quick, published):
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        CardVersion.objects.filter(pk=published.pk).update(reason="changed")
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        published.delete()


def test_an_approved_version_cannot_be_written(quick, published, owner):
    with pytest.raises(services.NotADraft):
        services.write(version=published, sections={"caveats": "x"}, by=owner, at=AT)


def test_a_card_holds_the_signed_state_of_its_systems_log(draft, system):
    """Whoever has the card can check it when the server is gone."""
    signer.publish_all(at=AT)
    manifest, _evidence = freezing.freeze(draft, at=AT)
    log = ledger.log_of(organisation=system.organisation, system=system)
    sealed = notes.open_checkpoint(manifest["checkpoint"]["note"], ledger.vkeys(log=log))
    assert manifest["checkpoint"]["origin"] == sealed.origin == log.origin
    assert (manifest["checkpoint"]["size"], manifest["checkpoint"]["root"]) == (
        sealed.size,
        sealed.root.hex(),
    )


def test_publishing_waits_for_the_pdf(draft, owner):
    with pytest.raises(services.NotApproved):
        services.publish(version=draft, by=owner, at=AT)
    manifest, evidence = freezing.freeze(draft, at=AT)
    approved = services.approve(version=draft, manifest=manifest, evidence=evidence, by=owner, at=AT)
    with pytest.raises(services.NotRendered):
        services.publish(version=approved, by=owner, at=AT)


def test_one_version_is_in_preparation_at_a_time(draft, system, owner):
    with pytest.raises(services.DraftExists):
        services.draft(system=system, by=owner, at=AT)


def test_an_unknown_section_is_refused(draft, owner):
    with pytest.raises(services.UnknownSection):
        services.write(version=draft, sections={"slogan": "x"}, by=owner, at=AT)


@pytest.mark.parametrize(("part", "number"), [("major", "2.0.0"), ("minor", "1.1.0"), ("patch", "1.0.1")])
def test_the_next_version_takes_over_the_text(quick, published, system, owner, part, number):
    following = services.draft(system=system, by=owner, at=AT, part=part)
    assert following.number == number
    assert following.narrative == published.narrative


def test_a_policy_that_takes_effect_drafts_the_next_card_once(quick, published, system):
    weights = {"safety": Fraction(1, 3), "privacy": Fraction(1, 3), "expression": Fraction(1, 3)}
    later = AT + dt.timedelta(hours=1)
    policies.enact(
        system=system, weights=weights, source={"kind": "council", "proposal": 1}, by=None, at=later
    )
    assert (tasks.draft_next(), tasks.draft_next()) == (1, 0)
    following = selectors.in_preparation(card=published.card)
    assert following is not None
    assert (following.number, following.reason) == ("1.1.0", "Policy 2 took effect")


def test_another_organisation_with_the_same_system_gets_its_own_address(draft, system):
    assert draft.card.slug == "feed"
    assert selectors.published(slug="feed") is None


def test_the_manifest_says_who_set_the_weights(quick, published):
    sections = {each["slug"]: each for each in json.loads(published.manifest)["body"]["sections"]}
    assert ["Set by", "The owner of the system. Weights set without a vote."] in sections["values"]["facts"]
    assert sections["training_data"]["text"] == ""


def away(events):
    """A trail that is out of order."""
    raise OSError("the log is away")


def test_nothing_changes_when_the_trail_refuses(draft, owner, settings):
    settings.GOVERNANCE_TRAIL = f"{__name__}.away"
    with pytest.raises(OSError, match="away"):
        services.write(version=draft, sections={"caveats": "changed"}, by=owner, at=AT)
    assert CardVersion.objects.get(pk=draft.pk).narrative == draft.narrative


def test_text_written_after_it_was_looked_at_is_not_approved_unread(draft, owner):
    manifest, evidence = freezing.freeze(draft, at=AT)
    services.write(
        version=CardVersion.objects.get(pk=draft.pk), sections={"caveats": "Not read."}, by=owner, at=AT
    )
    with pytest.raises(services.TextChanged):
        services.approve(version=draft, manifest=manifest, evidence=evidence, by=owner, at=AT)
    assert CardVersion.objects.get(pk=draft.pk).state == CardVersion.State.DRAFT


def test_cards_of_systems_whose_joined_names_are_alike_have_addresses_of_their_own(db):
    """The organisation a-b with its system c, and a with its b-c; a third already has what both join to."""
    slugs = []
    for organisation, system in (("first", "c"), ("second", "b-c"), ("a-b", "c"), ("a", "b-c")):
        made = organisations.found(slug=organisation, name=organisation, at=AT)
        registered = systems.register(
            organisation=made, slug=system, name=system, purpose="p", position="provider",
            risk_class="minimal", risk_reasoning="r", by=None, at=AT,
        )  # fmt: skip
        slugs.append(services.draft(system=registered, by=None, at=AT).card.slug)
    assert slugs == ["c", "b-c", "a-b-c", "a-b-c-2"]
