"""From an offer to records in the vault, and every reason to take none."""

from __future__ import annotations

import dataclasses
import json
from urllib.parse import urlencode

import pytest
from simulated_issuer import summary
from wallet_world import ISSUER, past_of, with_json

from healthpassport.errors import PassportError, TrustError
from healthpassport.fetch import HttpResponse
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer
from healthpassport.summary import PatientSummary
from healthpassport.trust.model import TrustList
from wallet.client import collecting
from wallet.service import HistoryKind

BEARER = b'{"access_token": "x", "token_type": "Bearer"}'


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def on(part, change):
    """Bend the answers of addresses that hold ``part``."""

    def bend(request, answer):
        return change(answer) if part in request.url else answer

    return bend


def test_an_offer_is_looked_at_and_then_taken_with_its_pin(world, wallet):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    assert (preview.issuer, preview.checked) == ("Example Surgery", True)
    assert preview.records == ("Your details", "Allergies") or set(preview.records) == {
        "Your details",
        "Allergies",
    }
    assert wallet.records() == ()
    views = wallet.accept(preview, offer.pin)
    assert {v.label for v in views} == {"Your details", "Allergies"}
    assert all(v.fresh_copies == 5 for v in views)
    assert [e.kind for e in past_of(wallet)] == [HistoryKind.ADDED]
    lines = [line.label for line in wallet.show("2").lines]
    assert any(line.startswith("Penicillin V") for line in lines)


def test_an_offer_by_value_works_as_one_by_reference(world, wallet):
    offer = world.offer()
    wire = json.dumps(offer.offer.wire())
    link = "openid-credential-offer://?" + urlencode({"credential_offer": wire})
    assert wallet.accept(wallet.add_offer(link), offer.pin)


def test_each_copy_has_a_key_of_its_own(filled_wallet):
    vault = filled_wallet._vault
    keys = [json.loads(vault.read("copies", row))["key"]["x"] for row in vault.rows("copies")]
    assert len(set(keys)) == len(keys) == 10


def test_a_newer_record_takes_the_place_of_the_older(world, filled_wallet):
    offer = world.offer(summary("Penicillin G"))
    filled_wallet.accept(filled_wallet.add_offer(offer.link), offer.pin)
    assert len(filled_wallet.records()) == 2
    assert any("Penicillin G" in line.label for line in filled_wallet.show("2").lines)
    assert filled_wallet.check()["copies"] == 10


@pytest.mark.parametrize("pin", [None, "", "12345", "1234567", "12345a", "१२३४५६"])
def test_a_pin_of_the_wrong_shape_costs_no_try(world, wallet, pin):
    preview = wallet.add_offer(world.offer().link)
    world.wire.calm()
    with refused("wallet.pin_needed"):
        wallet.accept(preview, pin)
    assert not world.wire.sent


def test_a_wrong_pin_and_a_used_offer_have_words_and_change_nothing(world, wallet):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    wrong = "000000" if offer.pin != "000000" else "000001"
    with refused("wallet.offer_refused"):
        wallet.accept(preview, wrong)
    assert wallet.records() == ()
    wallet.accept(preview, offer.pin)
    with refused("wallet.offer_refused"):
        wallet.accept(preview, offer.pin)
    assert len(wallet.records()) == 2


def test_a_locked_wallet_does_not_use_up_the_offer(world, wallet):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    wallet.lock()
    with refused("vault.locked"):
        wallet.accept(preview, offer.pin)
    wallet.unlock("three made-up words")
    assert wallet.accept(preview, offer.pin)


@pytest.mark.parametrize(
    "link",
    [
        "openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fissuer.example%2F1",
        "openid-credential-offer://?credential_offer_uri=file%3A%2F%2F%2Fetc%2Fpasswd",
        "openid-credential-offer://?"
        + urlencode({"credential_offer": '{"credential_issuer": "http://issuer.example"}'}),
    ],
)
def test_vci_037_an_offer_that_leads_off_https_is_refused(wallet, world, link):
    with refused("ssrf.blocked"):
        wallet.add_offer(link)
    assert not world.wire.sent


@pytest.mark.parametrize(
    "link",
    [
        "",
        "nonsense",
        "openid4vp://?client_id=x&request_uri=https://x.example",
        "openid-credential-offer://?credential_offer=%7B%7D",
        "openid-credential-offer://?credential_offer=1&credential_offer_uri=https://x.example",
    ],
)
def test_what_is_no_offer_is_refused(wallet, link):
    with refused("oid4vci.offer"):
        wallet.add_offer(link)


def configurations(change):
    def bent(value):
        for entry in value["credential_configurations_supported"].values():
            change(entry)

    return bent


@pytest.mark.parametrize(
    ("document", "change", "code"),
    [
        (
            "credential-issuer",
            lambda v: v.update(credential_issuer="https://x.example"),
            "oid4vci.metadata",
        ),
        (
            "credential-issuer",
            configurations(lambda e: e.update(format="mso_mdoc")),
            "wallet.offer_unsupported",
        ),
        (
            "credential-issuer",
            configurations(lambda e: e.update(vct="https://x.example/1")),
            "wallet.offer_unsupported",
        ),
        (
            "credential-issuer",
            configurations(lambda e: e.pop("proof_types_supported", None)),
            "wallet.offer_unsupported",
        ),
        (
            "authorization-server",
            lambda v: v.update(issuer="https://x.example"),
            "oid4vci.metadata",
        ),
        (
            "authorization-server",
            lambda v: v.update(grant_types_supported=["implicit"]),
            "wallet.offer_unsupported",
        ),
        (
            "authorization-server",
            lambda v: v.pop("dpop_signing_alg_values_supported"),
            "wallet.offer_unsupported",
        ),
    ],
)
def test_metadata_that_does_not_fit_is_refused(world, wallet, document, change, code):
    world.wire.bend = on(document, with_json(change))
    with refused(code):
        wallet.add_offer(world.offer().link)


@pytest.mark.parametrize("part", ["credential-issuer", "authorization-server"])
def test_metadata_that_is_not_there_is_the_issuers_fault(world, wallet, part):
    world.wire.bend = on(part, lambda _a: HttpResponse(500, {}, b"oops \x1b[31m"))
    with refused("wallet.issuer_failed"):
        wallet.add_offer(world.offer().link)


def test_an_offer_that_is_gone_is_told(world, wallet):
    world.wire.bend = on("offer", lambda _a: HttpResponse(404, {}, b'{"error": "not_found"}'))
    with refused("wallet.offer_gone"):
        wallet.add_offer(world.offer().link)


def first(change):
    """Alter the first copy of a credential response."""

    def bent(value):
        value["credentials"][0]["credential"] = change(value["credentials"][0]["credential"])

    return with_json(bent)


def flip_signature(text):
    jwt, *rest = text.split("~")
    head, payload, signature = jwt.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    return "~".join([f"{head}.{payload}.{flipped}", *rest])


def with_key_binding(text):
    return text + "e30.e30.AA"


def drop_disclosure(text):
    parts = text.split("~")
    return "~".join([*parts[:-2], parts[-1]])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(first(flip_signature), id="vci-038-bad-signature"),
        pytest.param(first(with_key_binding), id="sdj-052-key-binding"),
        pytest.param(first(drop_disclosure), id="vci-038-held-back"),
        pytest.param(first(lambda _t: "no record"), id="vci-038-no-record"),
        pytest.param(
            with_json(lambda v: v["credentials"].extend(v["credentials"][:1])),
            id="vci-038-unasked-extra",
        ),
        pytest.param(
            with_json(lambda v: v["credentials"].__setitem__(1, v["credentials"][0])),
            id="vci-038-one-copy-twice",
        ),
    ],
)
def test_a_record_that_fails_a_check_is_not_kept(world, wallet, change):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    world.wire.bend = on("/credential", change)
    with refused("wallet.credential_rejected"):
        wallet.accept(preview, offer.pin)
    assert wallet.records() == ()
    notes = [r.body for r in world.wire.sent if r.url.endswith("/notification")]
    assert notes
    assert all(b"credential_failure" in note for note in notes)


def test_sdj_053_a_record_for_another_key_is_not_kept(world, wallet, monkeypatch):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)

    def of_another(*, signer, **rest):
        return proof(signer=generate_signer(), **rest)

    proof = collecting.make_key_proof
    monkeypatch.setattr(collecting, "make_key_proof", of_another)
    with refused("wallet.credential_rejected"):
        wallet.accept(preview, offer.pin)


def test_vci_038_another_type_than_asked_is_not_kept(world, wallet):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    kinds = list(preview.opened.wanted.items())
    swapped = dict(zip([k for k, _ in kinds], [d for _, d in reversed(kinds)], strict=True))
    opened = dataclasses.replace(preview.opened, wanted=swapped)
    with refused("wallet.credential_rejected"):
        wallet.accept(dataclasses.replace(preview, opened=opened), offer.pin)


def test_vci_038_another_person_is_not_kept_unless_it_is_meant(world, filled_wallet):
    made = summary()
    number = {"value": "9990000026", "verificationStatus": "01"}
    records = tuple(
        dataclasses.replace(r, subject={**r.subject, "nhsNumber": number}) for r in made.records
    )
    other = dataclasses.replace(made, records=records)
    offer = world.offer(other)
    with refused("people.whose"):
        filled_wallet.accept(filled_wallet.add_offer(offer.link), offer.pin)
    offer = world.offer(other)
    preview = filled_wallet.add_offer(offer.link)
    before = {view.id for view in filled_wallet.records()}
    assert filled_wallet.accept(preview, offer.pin, other_person=True)
    assert before <= {view.id for view in filled_wallet.records()}


def test_records_of_two_people_are_never_shown_as_one_persons(world, filled_wallet):
    number = {"value": "9990000026", "verificationStatus": "01"}
    child = next(r for r in summary().records if r.type == "PatientIdentity")
    child = dataclasses.replace(child, subject={**child.subject, "nhsNumber": number})
    offer = world.offer(PatientSummary((child,)))
    filled_wallet.accept(filled_wallet.add_offer(offer.link), offer.pin, other_person=True)
    request = world.ask()
    with refused("people.which"):
        filled_wallet.prepare(request["link"])
    question = filled_wallet.prepare(request["link"], "me")
    labels = [tick.label for tick in question.ticks if tick.section == "About you"]
    assert len(labels) == len(set(labels))
    filled_wallet.share(question)
    assert world.seen(request)["result"]["codes"] == []


def test_an_issuer_that_the_list_does_not_name_is_told_apart(world, wallet, monkeypatch):
    offer = world.offer()

    def nobody(_self, _iss):
        raise TrustError("trust.issuer_unknown")

    monkeypatch.setattr(TrustList, "issuer", nobody)
    preview = wallet.add_offer(offer.link)
    assert not preview.checked
    assert preview.issuer == "localhost"
    with refused("trust.issuer_unknown"):
        wallet.accept(preview, offer.pin)
    assert wallet.records() == ()
    monkeypatch.undo()  # once the list names it, the offer is still there to be taken
    assert wallet.accept(wallet.add_offer(offer.link), offer.pin)


@pytest.mark.parametrize(
    ("part", "answer", "code"),
    [
        ("/token", HttpResponse(500, {}, b""), "wallet.issuer_failed"),
        ("/token", HttpResponse(200, {}, BEARER), "wallet.issuer_failed"),
        ("/token", HttpResponse(200, {}, b"{}"), "oid4vci.response"),
        ("/nonce", HttpResponse(503, {}, b""), "wallet.issuer_failed"),
        ("/nonce", HttpResponse(200, {}, b"x"), "wallet.issuer_failed"),
        ("/nonce", HttpResponse(200, {}, b'{"c_nonce": 1}'), "wallet.issuer_failed"),
        ("/credential", HttpResponse(400, {}, b'{"error": "x"}'), "wallet.issuer_failed"),
        ("/credential", HttpResponse(200, {}, b'{"credentials": []}'), "oid4vci.response"),
    ],
)  # fmt: skip
def test_an_issuer_that_fails_half_way_leaves_nothing(world, wallet, part, answer, code):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    world.wire.bend = lambda request, real: answer if request.url == ISSUER + part else real
    with refused(code):
        wallet.accept(preview, offer.pin)
    assert wallet.records() == ()


def test_a_lost_notification_is_no_matter(world, wallet):
    offer = world.offer()
    preview = wallet.add_offer(offer.link)
    world.wire.bend = on("/notification", lambda _a: HttpResponse(500, {}, b""))
    assert wallet.accept(preview, offer.pin)


def test_the_stored_copies_are_what_the_issuer_sent(filled_wallet):
    vault = filled_wallet._vault
    for row in vault.rows("copies"):
        text = json.loads(vault.read("copies", row))["text"]
        assert sd_jwt_vc.open_held(text).payload["iss"] == ISSUER


def test_a_record_can_be_removed(filled_wallet):
    filled_wallet.remove("1")
    assert [view.type for view in filled_wallet.records()] == ["AllergySummary"]
    assert filled_wallet.check()["copies"] == 5
    for unknown in ("", "9", "zz", "-1"):
        with refused("wallet.record_unknown"):
            filled_wallet.show(unknown)
