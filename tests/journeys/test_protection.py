"""An administrator's journey: a hold keeps a person's data, and when it is lifted they are erased."""

from tests import live
from tests.journeys import town
from tests.journeys.town import PASSWORD, Town
from tests.journeys.visitor import Visitor

ERASED_WITHIN = 60


def test_an_administrator_holds_and_then_erases_a_persons_data(visitor: Visitor, place: Town) -> None:
    about = {"subject": {"ref": "account-17"}, "rationale": "Because of what account-17 wrote."}
    calm = {"safety": 0.7, "privacy": 0.8, "expression": 0.9}
    town.decide(visitor.url, place.secret, "moderation", about, allow=calm)
    visitor.sign_in("admin", PASSWORD)
    visitor.follow("Data protection")
    visitor.page.fill("[name=hold-reference]", "account-17")
    visitor.page.fill("[name=hold-reason]", "Case 12 before the court.")
    visitor.press("Place a hold")
    visitor.page.fill("[name=erase-reference]", "account-17")
    visitor.press("Erase this person's data")
    assert visitor.sees("It goes on by itself when the hold is lifted.")
    visitor.at_phone()
    visitor.look()
    visitor.page.get_by_label("Why the data need not be kept any longer").fill("The case is closed.")
    visitor.press("Lift")
    live.wait_for(lambda: visitor.reloaded_sees("1 record was emptied"), seconds=ERASED_WITHIN)
    visitor.look()
    assert not visitor.sees("account-17")
