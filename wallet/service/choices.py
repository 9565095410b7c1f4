"""Which boxes a person left unticked for an asker and purpose, kept for the next time.

A box that was unticked never comes back ticked. What is *not* here: the boxes (``wallet.consent``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.requests import VerifiedRequest
from wallet.consent import ConsentQuestion
from wallet.vault import Vault


def read_choices(vault: Vault, request: VerifiedRequest, person: str = "") -> frozenset[str]:
    """The boxes that were unticked for this asker and purpose the last time.

    ``person`` is the passport's id where the owner acts for somebody else.
    """
    rows = vault.rows("state", tag=vault.tag(_choice_tag(request, person)))
    if not rows:
        return frozenset()
    keys = parse_json_object(vault.read("state", rows[0])).get("unticked")
    return frozenset(str(key) for key in keys) if isinstance(keys, list) else frozenset()


def keep_choices(vault: Vault, question: ConsentQuestion, numbers: Collection[int]) -> None:
    """Remember what is unticked now; boxes that this request does not show keep their choice."""
    person = question.person if question.acting_for else ""
    before = read_choices(vault, question.request, person)
    ticked = {tick.key for tick in question.ticks if tick.number in numbers}
    unticked = {tick.key for tick in question.ticks} - ticked
    after = (before - ticked) | unticked
    if after == before:
        return
    tag = vault.tag(_choice_tag(question.request, person))
    rows = vault.rows("state", tag=tag)
    stored: Mapping[str, Json] = {"unticked": sorted(after)}
    with vault.transaction() as writer:
        if rows:
            writer.replace("state", rows[0], dump_json(stored))
        else:
            writer.add("state", dump_json(stored), tag=tag)


def _choice_tag(request: VerifiedRequest, person: str) -> str:
    return f"choices {request.client_id} {request.purpose} {person}".rstrip()
