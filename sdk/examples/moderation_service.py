"""A moderation service (FastAPI): it scores the options for a post, follows the policy, and logs the decision.

    pip install fastapi uvicorn './sdk[verify]'
    EDGEWISE_URL=… EDGEWISE_API_KEY=… EDGEWISE_POLICY_VKEY=… uvicorn moderation_service:app

Its scores come from word lists, so that the example runs by itself; a real service asks its classifiers.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from edgewise import AsyncClient
from fastapi import FastAPI, Request
from pydantic import BaseModel

SYSTEM = os.environ.get("EDGEWISE_SYSTEM", "assistant")
COMMUNITIES = frozenset({"de", "fr"})
HARMFUL = frozenset({"kill", "hurt"})
PERSONAL = frozenset({"address", "phone"})


class Post(BaseModel):
    """What somebody wants to publish, and where."""

    text: str
    community: str


class Verdict(BaseModel):
    """What becomes of it: `action` is None when a person has to look at it."""

    action: str | None
    decision: str


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    """The client lives as long as the service; what it has not sent yet waits in the spool for the next start."""
    async with AsyncClient(
        os.environ["EDGEWISE_URL"],
        os.environ["EDGEWISE_API_KEY"],
        spool=os.environ.get("EDGEWISE_SPOOL"),
        policy_cache=os.environ.get("EDGEWISE_POLICY_CACHE"),
        policy_vkey=os.environ.get("EDGEWISE_POLICY_VKEY"),
        policy_system=SYSTEM,
        mask=without_text,
    ) as app.state.edgewise:
        yield


app = FastAPI(lifespan=connected)


@app.post("/posts")
async def moderate(post: Post, request: Request) -> Verdict:
    """Decide on a post. The answer never waits for the log."""
    client: AsyncClient = request.app.state.edgewise
    # What comes from outside selects no policy unless it is known: each context is asked for and kept.
    context = {"community": post.community} if post.community in COMMUNITIES else {}
    policy = await client.policy(context)
    options = scored(post.text)
    choice = await client.choose(options, context)
    digest = hashlib.sha256(post.text.encode()).hexdigest()
    decision = client.log(
        {
            "system": SYSTEM,
            "model_version": "words-1",
            "context": context,
            "input": {"digest": f"sha256:{digest}", "text": post.text},
            "policy": {"version": policy["version"], "digest": policy["digest"]},
            "options": options,
            "chosen": choice.option_id,
            "disposition": "answered" if choice.option_id else "escalated",
        }
    )
    return Verdict(action=choice.option_id, decision=decision)


def scored(text: str) -> list[dict[str, Any]]:
    """The options with a score on every edge: how well each serves safety, privacy and expression."""
    words = set(text.lower().split())
    harm, exposure = 0.9 * bool(words & HARMFUL), 0.8 * bool(words & PERSONAL)
    return [
        {
            "id": "allow",
            "edges": {"safety": round(1 - harm, 6), "privacy": round(1 - exposure, 6), "expression": 1.0},
        },
        {"id": "remove", "edges": {"safety": 1.0, "privacy": 1.0, "expression": 0.2}},
    ]


def without_text(record: dict[str, Any]) -> dict[str, Any]:
    """The text stays here; the record says that it was left out."""
    record["input"].pop("text", None)
    return record
