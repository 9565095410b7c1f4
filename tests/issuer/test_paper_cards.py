"""A card without a wallet: the person's ticks, nothing dropped, a lost one withdrawn first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from simulated_issuer import Site, summary

from healthpassport import cards
from healthpassport.audit import Actor
from healthpassport.card_sheets import preview, question, sheet, spoken
from healthpassport.errors import CardError, PassportError
from healthpassport.status.entries import VALID, WITHDRAWN
from healthpassport.summary import Item, PatientSummary
from issuer import service
from issuer.service.console.kept_cards import HELD, KeptCards
from issuer.service.paper_cards import cards_in_use, make_paper_card, source_of, withdraw_lost
from issuer.store import issuances

STAFF = Actor("A12345", "console", "dr.jones@example", "clinician")


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.issuer.store.close()


def with_allergies(*texts):
    found = summary()
    identity, allergies = found.records
    items = tuple(Item({"text": text, "criticality": "high"}) for text in texts)
    return PatientSummary((identity, replace(allergies, items=items)))


def made(site, *, ticks=None, of=None, instead_of=()):
    of = of or summary()
    chosen = question(source_of(site.issuer, of)).ticked if ticks is None else ticks
    return make_paper_card(
        site.issuer,
        client="staff console",
        summary=of,
        ticks=chosen,
        who=STAFF,
        instead_of=instead_of,
    )


def status(site, issuance):
    with site.issuer.store.reading() as tx:
        return issuances.find(tx, issuance).status


def code_of(function, *arguments, **named):
    with pytest.raises(PassportError) as caught:
        function(*arguments, **named)
    return caught.value.code


def test_number_and_address_are_off_unless_they_are_ticked(site):
    asked = question(source_of(site.issuer, summary()))
    off = [one.key for one in asked.choices if one.key.startswith("detail:")]
    assert off == ["detail:nhsNumber"]
    assert not set(off) & asked.ticked
    assert "nhsNumber" not in made(site).claims.content.subject
    with_number = made(site, ticks=asked.ticked | set(off))
    assert with_number.claims.content.subject["nhsNumber"]["value"] == "9990000018"


def test_the_card_is_one_that_a_desk_reads(site):
    card = made(site)
    parsed = cards.parse(card.text)
    assert cards.verify(parsed, issuer_key=site.issuer.signer.public_key) == card.claims
    assert (card.claims.content.allergies.item_count, status(site, card.issuance)) == (2, VALID)


def test_an_allergy_that_is_left_off_is_counted_and_said(site):
    asked = question(source_of(site.issuer, summary()))
    allergies = [one.key for one in asked.choices if one.key.startswith("AllergySummary")]
    found = preview(source_of(site.issuer, summary()), asked.ticked - {allergies[0]})
    assert "1 of 2" in found.allergies["en"]
    assert "List incomplete" in found.allergies["en"]
    card = made(site, ticks=asked.ticked - set(allergies))
    said = sheet(card.text, card.claims, name="x").allergies["en"]
    assert said.startswith("Allergies unavailable")
    aloud = " ".join(one["en"] for part in spoken(card.claims) for one in part.everything)
    assert "Our list has 2 allergies. The card shows none of them." in aloud


def test_what_does_not_fit_is_refused_and_no_card_is_withdrawn_for_it(site):
    card = made(site)
    words = [f"Allergy number {n} {'abcdefghij'[n % 10] * 3}{n * 7919}" for n in range(60)]
    refused = code_of(made, site, of=with_allergies(*words), instead_of=[card.issuance])
    assert refused == "card.too_large"
    assert status(site, card.issuance) == VALID


def test_a_lost_card_is_withdrawn_before_the_new_one_is_made(site):
    old = made(site)
    assert [one.id for one in cards_in_use(site.issuer, summary())] == [old.issuance]
    new = made(site, instead_of=[old.issuance])
    assert (status(site, old.issuance), status(site, new.issuance)) == (WITHDRAWN, VALID)
    assert [one.id for one in cards_in_use(site.issuer, summary())] == [new.issuance]
    assert withdraw_lost(site.issuer, old.issuance, who=STAFF).status == WITHDRAWN


def test_only_a_card_is_withdrawn_as_one(site):
    offer = site.offer()
    assert code_of(withdraw_lost, site.issuer, offer.id, who=STAFF) == "issuer.issuance_unknown"
    refused = code_of(made, site, instead_of=["nothing"])
    assert refused == "issuer.issuance_unknown"


def test_another_persons_cards_are_not_found(site):
    made(site)
    other = summary()
    subject = {**other.records[0].subject, "nhsNumber": {"value": "9990000026"}}
    of = PatientSummary(tuple(replace(one, subject=subject) for one in other.records))
    assert cards_in_use(site.issuer, of) == ()
    nobody = {name: value for name, value in subject.items() if name != "nhsNumber"}
    of = PatientSummary(tuple(replace(one, subject=nobody) for one in other.records))
    assert cards_in_use(site.issuer, of) == ()


def test_a_card_that_is_out_of_date_is_no_longer_in_use(site):
    made(site)
    site.now += timedelta(days=400)
    assert cards_in_use(site.issuer, summary()) == ()


def test_the_database_holds_no_word_of_the_card(site):
    card = made(site, of=with_allergies("Quartzberry"))
    site.issuer.audit.settle()
    site.issuer.store.wipe()
    left = site.files()
    for word in (b"Quartzberry", b"Zephyrine", b"9990000018", card.text.encode()[:40]):
        assert word not in left


def test_a_held_card_is_forgotten_after_half_an_hour_and_on_request(site):
    held = KeptCards(site.issuer)
    first, second = made(site), made(site)
    held.add(first)
    held.add(second)
    assert held.find(first.issuance) == first
    held.drop(first.issuance)
    assert code_of(held.find, first.issuance) == "card.forgotten"
    site.now += HELD
    assert code_of(held.find, second.issuance) == "card.forgotten"


def test_everything_on_the_card_is_read_aloud_in_both_languages(site):
    card = made(site, of=with_allergies("Penicillin V", "Natural rubber latex"))
    for language, born in (("en", "You were born on 14 Jul 1958."), ("cy", "14 Gor 1958")):
        parts = spoken(card.claims)
        aloud = " ".join(one[language] for part in parts for one in part.everything)
        assert born in aloud
        assert "Quillon Zephyrine" in aloud
        assert aloud.index("1: Penicillin V") < aloud.index("2: Natural rubber latex")
    english = [one["en"] for part in parts for one in part.everything]
    assert "Your NHS number is not on the card." in english
    assert "All of your allergies on our list are on the card." in english


def test_no_card_is_made_where_nothing_is_known_of_allergies(site):
    identity = summary().records[0]
    with pytest.raises(CardError) as caught:
        made(site, of=PatientSummary((identity,)))
    assert caught.value.code == "card.no_allergies"


def test_the_trail_tells_who_made_a_card_for_whom_and_in_whose_place(site):
    old = made(site)
    made(site, instead_of=[old.issuance])
    site.issuer.audit.settle()
    from issuer.service.audit_keeping import StoredTrail  # noqa: PLC0415

    events = [one.event for one in StoredTrail(site.issuer.store).all()]
    assert events == [
        "trail.begun",
        "record.issued",
        "patient.card_made",
        "record.withdrawn",
        "record.issued",
        "patient.card_made",
        "card.replaced",
    ]
    assert service.issued(site.issuer)[0].client == "staff console"
