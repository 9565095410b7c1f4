"""Acting for somebody, from the wallet to what staff read."""

from __future__ import annotations

import pytest
from family import ANN, MAIR, about, numbered, with_proxy

from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import parse_payload


def add(world, wallet, made, **more):
    offer = world.offer(made)
    return wallet.accept(wallet.add_offer(offer.link), offer.pin, **more)


def seen(world, wallet, person, template="emergency_admission"):
    request = world.ask(template)
    wallet.share(wallet.prepare(request["link"], person))
    return world.seen(request)["result"]


@pytest.mark.parametrize(
    "template", ["emergency_admission", "emergency_summary", "medicines_check", "pharmacy"]
)
def test_proof_goes_out_with_the_records_where_it_is_held(world, filled_wallet, template):
    made = with_proxy(about(numbered(ANN)), "Quillon Zephyrine", end="2099-01-01")
    add(world, filled_wallet, made, person="new")
    if template == "medicines_check":  # needs a record of medicines that she does not hold
        question = filled_wallet.prepare(world.ask(template)["link"], "Ann")
        assert any(tick.label == "People who can act for you" for tick in question.ticks)
        return
    result = seen(world, filled_wallet, "Ann", template)
    assert result["acting"] is True
    assert result["cautions"] == [
        (
            "Shown by a person acting for ZEPHYRINE, Ann, with proof of authority:"
            " Quillon Zephyrine (Parent). Check who is with you."
        ),
        "Safeguarding is not shown here; check CP-IS.",
    ]


def test_without_proof_staff_are_told_so(world, filled_wallet):
    add(world, filled_wallet, about(numbered(MAIR)), person="new")
    result = seen(world, filled_wallet, "Mair")
    assert result["cautions"] == [
        (
            "Shown by a person acting for MORGAN, Mair, without proof of authority."
            " Check who is with you."
        )
    ]


def test_of_ones_own_records_nothing_is_said(world, filled_wallet):
    result = seen(world, filled_wallet, "me")
    assert (result["acting"], result["cautions"]) == (False, [])


@pytest.mark.parametrize("value", [None, False, "true", 1, {}, []])
def test_a_word_of_another_shape_is_passed_over(value):
    query = Query.parse(
        {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["x"]}}]}
    )
    import json  # noqa: PLC0415

    body = {"vp_token": {"a": ["x~"]}, "acting_for_another": value}
    assert parse_payload(json.dumps(body).encode(), query=query).acting is False
