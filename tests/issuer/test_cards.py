"""From a patient's own records to a signed card at the issuer, and everything that makes none."""

from __future__ import annotations

import cbor2
import pytest
from card_forge import unpacked
from card_wallet import FORM, NAMES, CardWallet
from record_examples import SUBJECT, allergies, identity, medicines
from simulated_issuer import Site

from healthpassport import cards
from healthpassport.credential import Presentation
from healthpassport.errors import CardError
from healthpassport.summary import Item, PatientSummary, SectionState
from issuer import service
from issuer.records.emergency import emergency_summary
from issuer.service.statuses import Change
from issuer.store import Report, ReportState, grants, issuances, reports, statuses

SUMMARY = PatientSummary((identity(), allergies(), medicines("current", "current", "stopped")))


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def wallet(site):
    return CardWallet(site, SUMMARY)


def refused(answer, code, status=400):
    assert (answer.status, answer.json()["code"]) == (status, code), answer.body
    return True


def shown(wallet, **changes):
    """The answer to a presentation that ``changes`` bend."""
    request = wallet.ask()
    return wallet.post(request, wallet.presentation(request, **changes))


def issuance_of(site, record_type):
    return next(one for one in service.issued(site.issuer) if one.record_type == record_type)


def test_records_shown_to_their_issuer_become_a_card(site, wallet):
    found = wallet.card()
    parsed = cards.parse(found["credentials"][0]["credential"])
    claims = cards.verify(parsed, issuer_key=site.issuer.signer.public_key)
    assert claims.iss == site.settings.iss
    assert (claims.expires_at - claims.issued_at).days in {182, 183}
    assert claims.content.subject == {k: SUBJECT[k] for k in NAMES}
    assert len(claims.content.allergies.items) == 2
    assert len(claims.content.section("MedicationSummary").items) == 3


def test_the_card_holds_what_was_shown_and_counts_the_rest(wallet):
    text = wallet.card(items={0})["credentials"][0]["credential"]
    content = cards.parse(text).claims.content
    assert (len(content.allergies.items), content.allergies.item_count) == (1, 2)
    assert content.section("MedicationSummary").item_count == 3


def test_the_nhs_number_is_on_the_card_where_it_was_shown(wallet):
    text = wallet.card(details=(*NAMES, "nhsNumber"))["credentials"][0]["credential"]
    assert cards.parse(text).claims.content.subject["nhsNumber"] == SUBJECT["nhsNumber"]


def test_a_record_that_was_not_shown_is_not_on_the_card(wallet):
    text = wallet.card(only={"AllergySummary"})["credentials"][0]["credential"]
    assert cards.parse(text).claims.content.section("MedicationSummary") is None


def test_each_card_has_a_status_entry_of_its_own(site, wallet):
    claims = cards.parse(wallet.card()["credentials"][0]["credential"]).claims
    assert claims.status_uri == f"{site.settings.iss}/status/1"
    with site.issuer.store.reading() as tx:
        issuance, status = statuses.entry(tx, 1, claims.status_index)
    assert (issuance, status) == (issuance_of(site, "EmergencyCard").id, 0)


def test_staff_of_the_client_that_gave_the_records_can_withdraw_the_card(site, wallet):
    wallet.card()
    made = issuance_of(site, "EmergencyCard")
    changed = service.change_status(
        site.issuer, issuance=made.id, change=Change.WITHDRAW, client="practice"
    )
    assert changed.status == 1


def test_whoever_holds_the_secret_ends_the_card_and_twice_is_once(site, wallet):
    secret = wallet.card()["notification_id"]
    assert wallet.end(secret, "replaced").status == 204
    assert wallet.end(secret).status == 204
    assert wallet.end(secret).status == 204
    assert wallet.end(secret, "replaced").status == 204
    assert issuance_of(site, "EmergencyCard").status == 1


@pytest.mark.parametrize("secret", ["", "x" * 43, "x" * 100, 7, None])
def test_a_secret_of_no_card_ends_nothing(wallet, secret):
    assert refused(wallet.end(secret), "card.unknown", 404)


def test_the_secret_of_a_record_ends_no_record(site, wallet):
    answer = CardWallet(site, SUMMARY)
    told = answer.records.ask_credential("AllergySummary", copies=1)
    assert told.status == 400  # collected already; the id of another offer stands for it
    with site.issuer.store.writing() as tx:
        record = issuance_of(site, "AllergySummary")
        issuances.change(tx, record.id, notification_hash=service.context.digest("known"))
    assert refused(wallet.end("known"), "card.unknown", 404)
    assert issuance_of(site, "AllergySummary").status == 0


@pytest.mark.parametrize("status", ["valid", "suspended", "reinstate", "", None])
def test_a_secret_does_nothing_but_end(wallet, status):
    assert refused(wallet.end(wallet.card()["notification_id"], status), "card.unknown", 404)


def test_nothing_clinical_stays_in_the_database(site):
    marked = Item({"text": "Qzvortioxetine allergy", "clinicalStatus": "active"})
    wallet = CardWallet(site, PatientSummary((identity(), allergies(items=(marked,)))))
    request = wallet.ask()
    answer = wallet.post(request, wallet.presentation(request))
    assert b"Qzvortioxetine" not in site.files()  # sealed while it waits
    response = wallet.collect(answer)
    text = response.json()["credentials"][0]["credential"]
    assert b"Qzvortioxetine" in unpacked(text)
    wallet.records.post(
        "/notification",
        {"notification_id": response.json()["notification_id"], "event": "credential_accepted"},
    )
    for trace in (b"Qzvortioxetine", b"Example", b"1958", text.encode()[:40]):
        assert trace not in site.files()


def test_an_answer_is_taken_once(wallet):
    request = wallet.ask()
    presentation = wallet.presentation(request)
    assert wallet.post(request, presentation).status == 200
    assert refused(wallet.post(request, presentation), "oid4vci.invalid_nonce")


def test_an_answer_that_comes_too_late_is_refused(site, wallet):
    request = wallet.ask()
    presentation = wallet.presentation(request)
    site.pass_time(seconds=301)
    assert refused(wallet.post(request, presentation), "oid4vci.invalid_nonce")


def test_an_answer_to_another_request_is_refused(wallet):
    first, second = wallet.ask(), wallet.ask()
    assert refused(wallet.post(second, wallet.presentation(first)), "kb.nonce")


def test_a_presentation_made_for_a_hospital_is_refused(wallet):
    """What somebody else was shown cannot be turned into a card."""
    assert refused(shown(wallet, aud="x509_hash:" + "a" * 43), "kb.aud")


def test_whoever_does_not_hold_the_records_gets_no_card(wallet):
    """The proof of one record's key says nothing for another record."""
    request = wallet.ask()
    sound = wallet.presentation(request).answers
    proofs = {name: found[0].value.rpartition("~")[2] for name, found in sound.items()}
    text = sound["allergies"][0].value.rpartition("~")[0] + "~" + proofs["identity"]
    swapped = {**sound, "allergies": (type(sound["allergies"][0])("dc+sd-jwt", text),)}
    assert wallet.post(request, Presentation(swapped)).json()["code"].startswith("kb.")


def test_a_stolen_record_without_a_holders_proof_makes_no_card(wallet):
    request = wallet.ask()
    sound = wallet.presentation(request)
    bare = {
        name: (type(found[0])("dc+sd-jwt", found[0].value.rpartition("~")[0] + "~"),)
        for name, found in sound.answers.items()
    }
    assert wallet.post(request, Presentation(bare)).status == 400


def test_records_of_another_issuer_make_no_card(site, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    stranger = CardWallet(Site(folder, {"iss": "https://other.example"}), SUMMARY)
    request = CardWallet(site, SUMMARY).ask()
    [jwk] = request["client_metadata"]["jwks"]["keys"]
    assert jwk
    borrowed = CardWallet(site, SUMMARY)
    borrowed.held = stranger.held
    assert refused(borrowed.post(request, borrowed.presentation(request)), "card.not_own")


def test_a_forged_record_in_this_issuers_name_makes_no_card(site, tmp_path):
    folder = tmp_path / "forger"
    folder.mkdir()
    forger = CardWallet(Site(folder), SUMMARY)  # the same name, another key
    wallet = CardWallet(site, SUMMARY)
    wallet.held = forger.held
    assert refused(shown(wallet), "sdjwt.issuer_signature")


@pytest.mark.parametrize("change", [Change.WITHDRAW, Change.SUSPEND, Change.REPLACE])
def test_a_record_that_is_out_of_use_makes_no_card(site, wallet, change):
    record = issuance_of(site, "AllergySummary")
    service.change_status(site.issuer, issuance=record.id, change=change)
    assert refused(shown(wallet), "card.not_live", 409)


def test_a_disputed_record_makes_no_card_until_it_is_answered(site, wallet):
    record = issuance_of(site, "AllergySummary")
    with site.issuer.store.writing() as tx:
        root = grants.root_of_issuance(tx, record.id)
        made = Report(
            "r" * 24, root, "practice", "AllergySummary", record.id, ReportState.OPEN,
            site.issuer.now(), site.issuer.now() + 60, "sealed", "{}",
        )  # fmt: skip
        reports.add(tx, made)
    assert refused(shown(wallet), "card.disputed", 409)
    with site.issuer.store.writing() as tx:
        reports.change(tx, made.id, state=ReportState.ANSWERED.value)
    assert shown(wallet).status == 200


def test_a_summary_of_a_disputed_record_makes_no_card_either(site):
    none = allergies(items=(), state=SectionState.NONE_KNOWN)
    made = emergency_summary(identity(), [none])
    wallet = CardWallet(site, PatientSummary((identity(), none, made)))
    record = issuance_of(site, "AllergySummary")
    with site.issuer.store.writing() as tx:
        root = grants.root_of_issuance(tx, record.id)
        row = Report(
            "r" * 24, root, "practice", "AllergySummary", record.id, ReportState.OPEN,
            site.issuer.now(), site.issuer.now() + 60, "sealed", "{}",
        )  # fmt: skip
        reports.add(tx, row)
    only = {"PatientIdentity", "EmergencySummary"}
    assert refused(shown(wallet, only=only), "card.disputed", 409)


def test_a_record_past_its_day_makes_no_card(site, wallet):
    site.pass_time(days=120)
    assert shown(wallet).json()["code"] in {"cred.expired", "x509.expired"}


def test_records_of_two_people_make_no_card(site, wallet):
    other = SUBJECT | {"familyName": "Another", "birthDate": "1970-01-01"}
    child = CardWallet(site, PatientSummary((identity(subject=other), allergies(subject=other))))
    wallet.held["PatientIdentity"] = child.held["PatientIdentity"]
    assert refused(shown(wallet), "card.not_one_person")


def test_records_that_name_nobody_make_no_card(wallet):
    """No claim set of the request is met by less than a person's name."""
    assert refused(shown(wallet, details=()), "dcql.claim_missing")


def test_without_a_word_on_allergies_there_is_no_card(wallet):
    only = {"PatientIdentity", "MedicationSummary"}
    assert refused(shown(wallet, only=only), "card.no_allergies")


def test_too_much_is_refused_before_anything_is_offered(site):
    many = tuple(Item({"text": f"Allergy {n * 7919:x} {n * 104729:x}"}) for n in range(60))
    wallet = CardWallet(site, PatientSummary((identity(), allergies(items=many))))
    answer = shown(wallet)
    assert refused(answer, "card.too_large")
    assert "bytes too many" in answer.json()["detail"]
    assert shown(wallet, items=set(range(5))).status == 200


def test_nobody_who_has_died_gets_a_card(site):
    wallet = CardWallet(site, PatientSummary((identity(always={"deceased": True}), allergies())))
    assert refused(shown(wallet), "card.deceased")


def test_a_wallet_that_declines_is_answered_and_nothing_is_offered(site, wallet):
    wallet.ask()
    answer = site.call("POST", "/cards/answer", body=b"error=access_denied", headers=FORM)
    assert (answer.status, answer.json()) == (200, {})


@pytest.mark.parametrize("body", [b"", b"response=x", b"response=a.b.c.d.e", b"vp_token=%7B%7D"])
def test_a_hostile_answer_is_refused_in_words(site, body):
    answer = site.call("POST", "/cards/answer", body=body, headers=FORM)
    assert answer.status == 400
    assert answer.json()["help"]


@pytest.mark.parametrize(
    "body",
    [b"wallet_nonce=a&wallet_nonce=b", b"wallet_nonce=" + b"x" * 300, b"\xff", b"a=1&" * 20],
)
def test_a_hostile_request_for_a_request_is_refused_in_words(site, body):
    answer = site.call("POST", "/cards/request", body=body, headers=FORM)
    assert answer.status == 400
    assert answer.json()["help"]


def test_a_request_without_a_nonce_is_answered_all_the_same(site):
    assert site.call("POST", "/cards/request", headers=FORM).status == 200


def test_an_answer_under_a_nonce_that_was_never_given_is_refused(wallet):
    request = wallet.ask()
    answer = wallet.post(request, wallet.presentation(request), kid="n" * 54)
    assert refused(answer, "oid4vci.invalid_nonce")


def test_the_card_takes_no_proof_of_a_key(wallet):
    request = wallet.ask()
    answer = wallet.post(request, wallet.presentation(request))
    proofs = [wallet.records.proof(wallet.records.nonce())]
    assert wallet.collect(answer, proofs=proofs).json()["error"] == "invalid_proof"


def test_a_lost_answer_is_given_again_and_no_second_card(wallet):
    request = wallet.ask()
    first = wallet.collect(wallet.post(request, wallet.presentation(request)))
    again = wallet.records.post("/credential", {"credential_configuration_id": "EmergencyCard"})
    assert again.json() == first.json()


def test_the_offer_of_a_card_opens_without_a_pin_and_with_none_alone(site, wallet):
    request = wallet.ask()
    answer = wallet.post(request, wallet.presentation(request))
    grant = answer.json()["credential_offer"]["grants"]
    assert "tx_code" not in next(iter(grant.values()))
    offer = site.offer(made=SUMMARY)
    code = offer.offer.grants.pre_authorized.code
    headers = FORM | {"dpop": wallet.records.dpop("/token", access_token=None)}
    form = (
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code"
        f"&pre-authorized_code={code}"
    )
    refusal = site.call("POST", "/token", body=form.encode(), headers=headers)
    assert refusal.json()["error"] == "invalid_request"


def test_a_card_code_with_a_pin_opens_nothing(site, wallet):
    request = wallet.ask()
    answer = wallet.post(request, wallet.presentation(request))
    code = next(iter(answer.json()["credential_offer"]["grants"].values()))["pre-authorized_code"]
    headers = FORM | {"dpop": wallet.records.dpop("/token", access_token=None)}
    form = (
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code"
        f"&pre-authorized_code={code}&tx_code=000000"
    )
    refusal = site.call("POST", "/token", body=form.encode(), headers=headers)
    assert refusal.json()["error"] == "invalid_request"


def test_staff_make_a_card_for_somebody_without_a_wallet(site):
    choices = cards.choices(SUMMARY.records, cards.usual(SUMMARY.records))
    made = service.make_card(site.issuer, client="practice", summary=SUMMARY, choices=choices)
    content = cards.parse(made.text).claims.content
    assert [i.unit["group"] for i in content.section("MedicationSummary").items] == ["current"] * 2
    service.change_card(site.issuer, secret=made.secret, change=Change.WITHDRAW)
    assert service.issued(site.issuer)[0].status == 1
    assert b"Penicillin" not in site.files()


def test_a_key_that_signs_no_cards_offers_none(tmp_path):
    site = Site(tmp_path, {"algorithm": "ES384"})
    answer = site.call("POST", "/cards/request", headers=FORM)
    assert refused(answer, "card.not_made", 404)
    metadata = site.call("GET", "/.well-known/openid-credential-issuer").json()
    assert "EmergencyCard" not in metadata["credential_configurations_supported"]
    with pytest.raises(CardError, match=r"card\.not_made"):
        service.make_card(
            site.issuer, client="practice", summary=SUMMARY, choices=cards.CardChoices()
        )


def test_the_metadata_says_that_a_card_is_bound_to_no_key(site):
    metadata = site.call("GET", "/.well-known/openid-credential-issuer").json()
    found = metadata["credential_configurations_supported"]["EmergencyCard"]
    assert found["format"] == "passport_card+cose"
    assert "proof_types_supported" not in found
    assert "cryptographic_binding_methods_supported" not in found


def test_what_is_signed_is_what_was_shown_byte_for_byte(wallet):
    payload = cbor2.loads(unpacked(wallet.card(items={1})["credentials"][0]["credential"])).value[2]
    assert cbor2.loads(payload)[-65537][10][1] == {1: 1, 2: 2, 4: [{1: "Latex"}]}
