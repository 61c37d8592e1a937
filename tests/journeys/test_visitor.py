"""The scan that every journey relies on finds what is wrong, and spares only what it has seen."""

from tests.journeys.visitor import Visitor

PICTURE = "document.querySelector('main').append(document.createElement('img'))"
BUTTON = "document.querySelector('main').append(document.createElement('button'))"


def test_a_defect_is_found_once_and_another_on_the_same_page_as_well(visitor: Visitor) -> None:
    visitor.go("/accounts/login/")
    assert visitor.findings == []
    visitor.page.evaluate(PICTURE)
    visitor.look()
    found = list(visitor.findings)
    assert any("image-alt" in finding for finding in found)
    visitor.look()
    assert visitor.findings == found
    visitor.page.evaluate(BUTTON)
    visitor.look()
    assert any("button-name" in finding for finding in visitor.findings[len(found) :])
    visitor.findings.clear()
