"""The logging hook: decisions that travel on Python's log records."""

import logging

import edgewise

from tests.unit.sdk.scripted import Server


def test_the_decision_of_a_log_record_is_logged(server: Server) -> None:
    with edgewise.Client(server.url, "k") as client:
        handler = edgewise.DecisionHandler(client)
        model = logging.getLogger("test.model")
        model.setLevel(logging.INFO)
        model.addHandler(handler)
        try:
            model.info("removed a post", extra={"decision": {"id": "a"}})
            model.info("nothing to see")
            model.info("not one", extra={"decision": "allow"})
            model.debug("below the level", extra={"decision": {"id": "b"}})
            handler.flush()
        finally:
            model.removeHandler(handler)
        assert client.flush(5)
        assert (client.rejected_total, client.lost_total) == (0, 0)
    assert list(server.logged) == ["a"]
