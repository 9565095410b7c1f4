"""From a request to what a desk sees: only what was ticked, and only to those whom we know."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated_issuer import summary
from wallet_world import DESK, PASSPHRASE, past_of

from healthpassport.errors import PassportError, TrustError
from healthpassport.protocols.dcql import Query
from healthpassport.trust.model import TrustList
from wallet.consent import chosen
from wallet.service import HistoryKind, sharing

SIGNED = {"content-type": "application/oauth-authz-req+jwt"}


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def posted(world):
    return [r for r in world.wire.sent if r.method == "POST" and r.url.startswith(DESK)]


def number(question, label):
    return next(tick.number for tick in question.ticks if tick.label.startswith(label))


def section(result, kind):
    return next(s for s in result["result"]["sections"] if s["type"] == kind)


def test_a_question_says_who_why_how_long_and_which_values(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    assert question.asker.startswith("Example Hospital")
    assert question.purpose == "Emergency care"
    assert question.reason
    assert question.retention
    shown = {tick.label: tick.value for tick in question.ticks}
    assert shown["NHS number"] == "999 000 0018"
    assert shown["Date of birth"] == "14 Jul 1958"
    assert any(label.startswith("Penicillin V") for label in shown)
    assert "Example Surgery" in shown["Allergies"]
    assert not posted(world)


def test_the_desk_sees_what_was_ticked_and_nothing_else(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    penicillin = number(question, "Penicillin")
    receipt = filled_wallet.share(question, question.ticked - {penicillin})
    assert any(line.startswith("Allergies: 1/2") for line in receipt.what)
    seen = section(world.seen(request), "AllergySummary")
    assert (seen["state"], seen["shown"], seen["total"]) == ("partly_shared", 1, 2)
    assert [item["unit"]["text"] for item in seen["items"]] == ["Natural rubber latex"]


def test_a_field_under_an_unticked_item_stays_too(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    penicillin = number(question, "Penicillin")
    below = [t.number for t in question.ticks if t.parent == penicillin]
    assert below
    filled_wallet.share(question, question.ticked - {penicillin} | set(below))
    assert "2001" not in str(world.seen(request))


def test_an_unticked_record_does_not_go_out_at_all(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    receipt = filled_wallet.share(question, question.ticked - {number(question, "Allergies")})
    assert [line.partition(":")[0] for line in receipt.what] == ["Your details"]
    assert section(world.seen(request), "AllergySummary")["state"] == "not_shared"


def test_what_was_unticked_stays_unticked_the_next_time(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    latex = number(question, "Natural rubber")
    filled_wallet.share(question, question.ticked - {latex})
    again = filled_wallet.prepare(world.ask()["link"])
    assert latex not in again.ticked
    filled_wallet.share(again, again.ticked | {latex})
    assert latex in filled_wallet.prepare(world.ask()["link"]).ticked


def test_an_error_does_not_tick_a_box_again(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    numbers = question.ticked - {number(question, "Natural rubber")}
    question = question.after(numbers)
    world.wire.down.add(DESK.removeprefix("https://"))
    with refused("net.unreachable"):
        filled_wallet.share(question)
    assert question.ticked == numbers
    assert past_of(filled_wallet)[0].kind is HistoryKind.NOT_DELIVERED
    world.wire.down.clear()
    filled_wallet.share(question)
    assert section(world.seen(request), "AllergySummary")["shown"] == 1


def test_details_that_care_does_not_need_start_unticked(world, wallet):
    made = summary()
    identity = made.records[0]
    subject = {**identity.subject, "phone": "01632 960000"}
    made = dataclasses.replace(
        made, records=(dataclasses.replace(identity, subject=subject), *made.records[1:])
    )
    offer = world.offer(made)
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    request = world.ask()
    question = wallet.prepare(request["link"])
    (phone,) = [tick for tick in question.ticks if tick.sensitive]
    assert phone.label == "Phone"
    assert not phone.ticked
    wallet.share(question)
    assert "01632" not in str(world.seen(request))


def test_vpq_026_a_request_is_asked_about_anew_and_answered_once(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    filled_wallet.share(question)
    sent = len(posted(world))
    with refused("consent.required"):
        filled_wallet.share(question)
    with refused("consent.required"):
        filled_wallet.decline(question)
    assert len(posted(world)) == sent


def test_a_question_that_was_never_asked_is_not_answered(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    with refused("consent.required"):
        filled_wallet.share(dataclasses.replace(question, id="0" * 32))
    filled_wallet.lock()
    filled_wallet.unlock("three made-up words")
    with refused("consent.required"):
        filled_wallet.share(question)


def test_a_question_that_lay_too_long_must_be_asked_again(world, tmp_path):
    late = [timedelta()]
    wallet = world.wallet(tmp_path / "late", clock=lambda: world.world.clock() + late[0])
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    question = wallet.prepare(world.ask()["link"])
    late[0] = timedelta(minutes=11)
    with refused("consent.required"):
        wallet.share(question)
    wallet.close()


def test_a_locked_wallet_answers_nobody(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    filled_wallet.lock()
    for use in (
        lambda: filled_wallet.share(question),
        lambda: filled_wallet.decline(question),
        lambda: filled_wallet.prepare(world.ask()["link"]),
    ):
        with refused("vault.locked"):
            use()
    assert not posted(world)


def bent_request(monkeypatch, **changes):
    """Every request looks verified with ``changes``."""
    real = sharing.read_request

    def read(text, **more):
        return dataclasses.replace(real(text, **more), **changes)

    monkeypatch.setattr(sharing, "read_request", read)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"over_asked": ("PatientIdentity.phone",)}, id="vpq-018-more-than-allowed"),
        pytest.param({"purpose": None}, id="vpq-018-no-purpose"),
        pytest.param({"retention": None}, id="vpq-018-no-retention"),
    ],
)
def test_asking_for_more_than_allowed_is_refused(world, filled_wallet, monkeypatch, changes):
    bent_request(monkeypatch, **changes)
    with refused("consent.blocked"):
        filled_wallet.prepare(world.ask()["link"])
    assert not posted(world)
    entry = past_of(filled_wallet)[0]
    assert (entry.kind, entry.code) == (HistoryKind.REFUSED, "consent.blocked")


def test_what_is_asked_too_much_is_told_in_the_patients_words(world, filled_wallet, monkeypatch):
    asked = (
        "AllergySummary",
        "PatientIdentity.phone",
        "AllergySummary.items.unit",
        "https://a.b/c",
    )
    bent_request(monkeypatch, over_asked=asked)
    with pytest.raises(PassportError, match=r"Allergies, Your details: Phone, https://a\.b/c$"):
        filled_wallet.prepare(world.ask()["link"])


def query_of(vct, claims=None, *, required=True):
    row = {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}}
    rows = [row | ({"claims": claims} if claims else {})]
    sets = [{"options": [["a"]], "required": required}]
    return Query.parse({"credentials": rows, "credential_sets": sets})


ALLERGIES = "https://passport.example/vct/AllergySummary/1"
MEDICINES = "https://passport.example/vct/MedicationSummary/1"


def test_vpq_019_a_query_without_claims_gets_no_disclosure(world, filled_wallet, monkeypatch):
    bent_request(monkeypatch, query=query_of(ALLERGIES))
    question = filled_wallet.prepare(world.ask()["link"])
    assert [tick.label for tick in question.ticks] == ["Allergies"]
    (picked,) = chosen(question, question.ticked)
    assert picked.places == frozenset()


def test_vpq_021_what_is_required_and_not_held_ends_in_the_same_refusal(
    world, filled_wallet, monkeypatch
):
    bent_request(monkeypatch, query=query_of(MEDICINES))
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    assert not question.satisfiable
    assert question.not_held == ("Medicines",)
    with refused("wallet.nothing_to_share"):
        filled_wallet.share(question)
    filled_wallet.decline(question)
    (sent,) = posted(world)
    assert b"error=access_denied" in sent.body
    assert world.seen(request)["state"] == "declined"


def test_vpq_021_unticking_what_is_required_sends_nothing(world, filled_wallet, monkeypatch):
    claims = [{"path": ["nhsNumber"]}]
    bent_request(monkeypatch, query=query_of(ALLERGIES, claims))
    question = filled_wallet.prepare(world.ask()["link"])
    with refused("consent.incomplete"):
        filled_wallet.share(question, {number(question, "Allergies")})
    with refused("consent.incomplete"):
        filled_wallet.share(question, ())
    assert not posted(world)


def test_vpq_022_what_is_optional_and_not_held_is_left_out(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    assert "Medicines" in question.not_held
    filled_wallet.share(question)
    assert world.seen(request)["state"] == "answered"


def test_prv_011_a_refusal_is_the_same_whatever_its_reason(world, wallet, filled_wallet):
    bodies = []
    for patient in (filled_wallet, wallet):
        question = patient.prepare(world.ask()["link"])
        world.wire.calm()
        patient.decline(question)
        (sent,) = posted(world)
        names = [pair.partition(b"=")[0] for pair in sent.body.split(b"&")]
        bodies.append((sent.headers, names, sent.body.split(b"&")[0]))
    assert bodies[0] == bodies[1]


def test_declining_works_even_when_the_desk_is_gone(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    world.wire.down.add(DESK.removeprefix("https://"))
    filled_wallet.decline(question)
    assert past_of(filled_wallet)[0].kind is HistoryKind.DECLINED


def test_an_unknown_asker_gets_nothing(world, filled_wallet, monkeypatch):
    def nobody(_self, _hash, _at):
        raise TrustError("trust.verifier_unknown")

    monkeypatch.setattr(TrustList, "verifier", nobody)
    with refused("trust.verifier_unknown"):
        filled_wallet.prepare(world.ask()["link"])
    assert not posted(world)
    assert past_of(filled_wallet)[0].code == "trust.verifier_unknown"


def test_a_trust_list_that_is_too_old_vouches_for_nobody(world, tmp_path):
    late = [timedelta()]
    wallet = world.wallet(tmp_path / "old", clock=lambda: world.world.clock() + late[0])
    request = world.ask()
    late[0] = timedelta(days=8)
    wallet.unlock("three made-up words")
    with refused("trust.stale"):
        wallet.prepare(request["link"])
    wallet.close()


def test_presenting_never_touches_the_issuer_or_the_authority(world, filled_wallet):
    filled_wallet.share(filled_wallet.prepare(world.ask()["link"]))
    assert {url.removeprefix(DESK)[:1] for url in world.wire.urls()} == {"/"}
    assert all(url.startswith(DESK) for url in world.wire.urls())


def test_copies_are_shown_once_and_then_reused_with_a_note(world, tmp_path):
    wallet = world.wallet(tmp_path / "few", copies=2)
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    receipts = [wallet.share(wallet.prepare(world.ask()["link"])) for _ in range(3)]
    assert [bool(receipt.reused) for receipt in receipts] == [False, False, True]
    assert {view.fresh_copies for view in wallet.records()} == {0}
    wallet.close()


def test_history_holds_no_value(world, filled_wallet):
    filled_wallet.share(filled_wallet.prepare(world.ask()["link"]))
    filled_wallet.open_past(PASSPHRASE)
    vault = filled_wallet._vault
    stored = b"".join(vault.read("history", row) for row in vault.rows("history"))
    for value in (b"Penicillin", b"9990000018", b"Zephyrine", b"1958", b"latex"):
        assert value not in stored


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_never_more_goes_out_than_was_ticked(world, filled_wallet, data):
    question = filled_wallet.prepare(world.ask()["link"])
    numbers = data.draw(st.sets(st.sampled_from([tick.number for tick in question.ticks])))
    try:
        picked = chosen(question, numbers)
    except PassportError as error:
        assert error.code == "consent.incomplete"  # noqa: PT017
        return
    ticked = {
        (t.query_id, t.place)
        for tick in question.ticks
        if tick.number in numbers
        for t in tick.targets
    }
    for entry in picked:
        assert (entry.query_id, ()) in ticked
        assert {(entry.query_id, place) for place in entry.places} <= ticked
