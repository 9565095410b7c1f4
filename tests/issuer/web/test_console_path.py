"""From a patient at the counter to a code on their phone, by the console's own forms."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial

import pytest
from console_uploads import sent
from console_world import NUMBER, TYPES, Practice, Walk, refused

from issuer.service.audit_keeping import StoredTrail
from issuer.service.sources import Person


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return Practice(tmp_path_factory.mktemp("practice"))


@pytest.fixture
def clinician(practice):
    return Walk(practice.browser("clinician"))


@pytest.fixture
def clerk(practice):
    return Walk(practice.browser("clerk"))


def test_a_wallet_collects_what_was_ticked_and_nothing_else(clinician):
    where = clinician.opened()
    clinician.identified(where)
    clinician.signed(where, ("AllergySummary",))
    handed = clinician.handed(where).headers["location"]
    wallet = clinician.collect(handed)
    assert wallet.ask_credential("MedicationSummary").status == 400


def test_a_clerk_prepares_and_a_clinician_signs_off(clerk, clinician):
    where = clerk.opened()
    clerk.identified(where)
    ticks = [("types", one) for one in TYPES]
    home = clerk.browser.post(f"{where}/choose", ticks).headers["location"]
    told = clerk.browser.get(home).text
    assert 'role="status"' in told
    for page in (told, clinician.browser.get("/").text):  # which line is whose
        line = page.partition(f'href="{where}"')[2].partition("</a>")[0]
        assert "ASHDOWN, Rowan" in line
    for other in ("/", "/?sent=another"):
        assert 'role="status"' not in clerk.browser.get(other).text
    refused(clerk.browser.post(f"{where}/sign-off", ticks), "staff.role", 403)
    refused(clerk.handed(where), "console.not_signed_off", 409)
    page = clinician.browser.get(where).text
    assert "Some clerk" in page
    assert clinician.signed(where).status == 303
    handed = clerk.handed(where)
    assert handed.status == 303
    offer = handed.headers["location"].rsplit("/", 1)[1]
    told = clerk.browser.get(f"/offers/{offer}").text
    assert "Some clerk" in told
    assert "Some clinician" in told


def test_a_record_system_that_is_away_is_told_and_stands_in_the_trail(tmp_path):
    practice = Practice(tmp_path)
    clerk = Walk(practice.browser("clerk"))
    (tmp_path / "source").rename(tmp_path / "elsewhere")
    for _ in range(2):
        refused(clerk.browser.post("/find", nhs_number=NUMBER), "source.unreadable", 503)
    practice.issuer.audit.settle(everything=True)
    found = [json.loads(one.entry) for one in StoredTrail(practice.issuer.store).all()]
    failed = [one["facts"] for one in found if one["event"] == "source.failed"]
    assert [one["code"] for one in failed] == ["source.unreadable"] * 2
    (tmp_path / "elsewhere").rename(tmp_path / "source")
    assert clerk.opened()


def test_four_eyes_are_two_people(tmp_path):
    practice = Practice(tmp_path, changes={"web_four_eyes": True})
    one, other = Walk(practice.browser()), Walk(practice.browser())
    one.browser.sign_in("clinician", sub="dr-1")
    other.browser.sign_in("clinician", sub="dr-2")
    where = one.opened()
    one.identified(where)
    refused(one.signed(where), "console.four_eyes", 403)
    assert other.signed(where).status == 303


def test_nothing_is_signed_off_before_the_identity_is_checked(clinician):
    refused(clinician.signed(clinician.opened()), "console.identity")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"check": ""}, "console.identity"),
        ({"check": "passport"}, "console.identity"),
        ({"check": "vouched_for", "vouched_by": ""}, "console.vouching"),
        ({"check": "vouched_for", "vouched_by": "Passport 533380006"}, "console.vouching"),
        ({"check": "vouched_for", "vouched_by": "x" * 101}, "console.vouching"),
    ],
)
def test_an_identity_check_is_one_of_the_list_and_keeps_no_number(form, code, clinician):
    where = clinician.opened()
    refused(clinician.browser.post(f"{where}/identity", **form), code, 400)


def test_who_vouches_is_kept_with_the_offer(clinician):
    where = clinician.opened()
    clinician.identified(where, "vouched_for", vouched_by="Sister Mair Hughes")
    clinician.signed(where)
    handed = clinician.handed(where).headers["location"]
    assert "Sister Mair Hughes" in clinician.browser.get(handed.replace("handed", "offers")).text


def test_an_unticked_box_never_comes_back_ticked(clinician):
    where = clinician.opened()
    clinician.identified(where)
    answer = clinician.signed(where, ())
    refused(answer, "console.chosen", 400)
    assert 'name="types"' in answer.text
    assert not re.search(r'name="types"[^>]* checked', answer.text)


def test_a_type_that_the_record_does_not_have_is_not_given(clinician):
    where = clinician.opened()
    clinician.identified(where)
    refused(clinician.signed(where, (*TYPES, "SecretSummary")), "console.chosen", 400)


def test_allergies_that_stand_in_words_alone_are_read_before_sign_off(clinician):
    where = clinician.opened("9990000042")
    clinician.identified(where)
    page = clinician.browser.get(where).text
    assert 'name="cautions_read"' in page
    ticks = [("types", "PatientIdentity")]
    refused(clinician.browser.post(f"{where}/sign-off", ticks), "console.cautions", 400)
    assert clinician.signed(where, ("PatientIdentity",)).status == 303


def test_leaving_out_what_doctors_rely_on_is_asked_about_once_more_and_the_reason_is_kept(
    practice, clinician
):
    where = clinician.opened()
    clinician.identified(where)
    ticks = [("types", "PatientIdentity"), ("cautions_read", "yes")]
    sign = partial(clinician.browser.post, f"{where}/sign-off")
    asked = sign(ticks)
    refused(asked, "console.second_look", 409)
    assert "Allergies unavailable" in asked.text
    without = re.search(r'name="without" value="([^"]+)"', asked.text)[1]
    assert "AllergySummary" in without.split()
    refused(sign(ticks, without=without), "console.second_look", 409)
    refused(sign(ticks, without=without, reason="because"), "console.second_look", 409)
    refused(sign(ticks, without="AllergySummary", reason="later"), "console.second_look", 409)
    # The answer is to one question: other ticks are asked about anew.
    other = [("types", "AllergySummary"), ("cautions_read", "yes")]
    refused(sign(other, without=without, reason="later"), "console.second_look", 409)
    assert sign(ticks, without=without, reason="being_corrected").status == 303
    handed = clinician.handed(where).headers["location"]
    about = practice.issuer.audit.about(handed.rsplit("/", 1)[1])
    practice.issuer.audit.settle(everything=True)
    found = [json.loads(one.entry) for one in StoredTrail(practice.issuer.store).all()]
    mine = [one for one in found if one["event"] == "sign_off.without" and one["about"] == about]
    assert {"type": "AllergySummary", "reason": "being_corrected"} in [one["facts"] for one in mine]
    assert [one["facts"]["type"] for one in mine] == without.split()


def test_nothing_is_asked_twice_where_all_that_matters_is_given(clinician):
    where = clinician.opened()
    clinician.identified(where)
    every = re.findall(
        r'name="types" type="checkbox" value="(\w+)"', clinician.browser.get(where).text
    )
    ticks = [("types", one) for one in every]
    assert clinician.browser.post(f"{where}/sign-off", ticks, cautions_read="yes").status == 303


def test_the_preview_says_days_numbers_and_codes_in_words(clinician):
    where = clinician.opened()
    clinician.identified(where)
    page = clinician.browser.get(where).text
    assert "999 000 0018" in page
    for raw in (NUMBER, f"{NUMBER} 01", "http://", "unable-to-assess", "None"):
        assert raw not in page.replace("http://www.w3.org", "")


def test_a_form_that_is_sent_twice_makes_one_offer(practice, clinician):
    where = clinician.opened()
    clinician.identified(where)
    assert clinician.signed(where).status == clinician.signed(where).status == 303
    before = len(practice_offers(practice))
    first, second = clinician.handed(where), clinician.handed(where, pin_by="letter")
    assert first.headers["location"] == second.headers["location"]
    assert len(practice_offers(practice)) == before + 1
    # The back button leads to what became of it, not to a second one.
    for page in (where, f"{where}/hand-over"):
        assert clinician.browser.get(page).headers["location"] == first.headers["location"]


def practice_offers(practice):
    from issuer.store import handed  # noqa: PLC0415 - what the console keeps

    with practice.issuer.store.reading() as tx:
        return handed.since(tx, 0, limit=1_000)


def test_the_pin_is_told_once_and_never_beside_the_code(clinician):
    handed = clinician.offered()
    page = clinician.browser.get(handed).text
    pin = clinician.pin(handed)
    assert pin not in page.replace(clinician.link(page), "")
    refused(clinician.browser.post(f"{handed}/pin"), "console.pin_told", 410)
    assert clinician.browser.get(handed).status == 200


def test_a_letter_has_the_link_and_another_sheet_has_the_pin(practice, clinician):
    handed = clinician.offered(link_by="letter", pin_by="letter", letters="no_phone")
    sheet = clinician.browser.get(f"{handed}/letter").text
    assert practice.issuer.url("/get#") in sheet
    pin = clinician.pin(handed)
    assert pin not in sheet
    (mine,) = [o for o in practice_offers(practice) if o.row.offer == handed.rsplit("/", 1)[1]]
    days = (mine.expires_at - practice.issuer.now()) / 86_400
    assert days == practice.site.settings.web_letter_days


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"phone": ""}, "console.private"),
        ({"link_by": ""}, "console.channel"),
        ({"pin_by": "pigeon"}, "console.channel"),
        ({"phone": "shared", "pin_by": "voice"}, "console.not_private"),
        ({"phone": "unsure", "pin_by": "text", "number": "+447700900123"}, "console.not_private"),
        ({"pin_by": "text", "number": "07700 900123"}, "console.phone"),
        ({"pin_by": "text", "number": "+447700900123"}, "console.channel"),  # no such service
    ],
)
def test_the_pin_goes_by_a_way_that_is_there_and_is_private(form, code, clinician):
    where = clinician.opened()
    clinician.identified(where)
    clinician.signed(where)
    refused(clinician.handed(where, **form), code, 400)


# -- finding ----------------------------------------------------------------------------------


def test_nobody_is_found_by_too_little_or_by_a_number_that_is_none(clerk):
    assert clerk.browser.post("/find", family_name="Ashdown").status == 400
    assert clerk.browser.post("/find", nhs_number="9990000019").status == 400
    assert clerk.found("9990000093") == ("", 0)


def test_a_name_and_a_birth_date_find_the_patient(clerk):
    born = {"birth_day": "14", "birth_month": "7", "birth_year": "1958"}
    answer = clerk.browser.post("/find", family_name="ashdown", **born)
    assert "ASHDOWN" in answer.text


def test_a_search_belongs_to_whoever_made_it(clerk, clinician):
    search, _ = clerk.found()
    refused(clinician.browser.post("/find/open", search=search, place="0"), "console.gone")
    refused(clerk.browser.post("/find/open", search=search, place="7"), "console.gone")
    refused(clerk.browser.post("/find/open", search="unknown", place="0"), "console.gone")


def test_a_source_that_gives_another_patient_is_refused(practice, clerk):
    search, _ = clerk.found()
    file = practice.folder / "source" / "rowan-ashdown.json"
    kept = file.read_text()
    other = kept.replace(NUMBER, "9990000034").replace("Ashdown", "Marlowe")
    file.write_text(other)
    answer = clerk.browser.post("/find/open", search=search, place="0")
    file.write_text(kept)
    refused(answer, "console.other_patient", 409)


def test_what_is_prepared_is_forgotten_after_an_hour_or_at_once(tmp_path):
    practice = Practice(tmp_path, staffed=False)
    walk = Walk(practice.browser())
    where = walk.opened()
    home = walk.browser.get(f"/?sent={where.rsplit('/', 1)[1]}").text
    assert where in home
    assert "ASHDOWN" not in home  # nobody signs in: a name would stand there for anybody
    assert 'role="status"' not in home  # it was not sent
    assert walk.browser.post(f"{where}/drop").status == 303
    refused(walk.browser.get(where), "console.gone", 404)
    where = walk.opened()
    practice.site.pass_time(minutes=61)
    refused(walk.browser.get(where), "console.gone", 404)


def test_a_number_of_preparations_is_held_and_no_more(tmp_path, monkeypatch):
    from issuer.service.console import preparing  # noqa: PLC0415 - the bound

    monkeypatch.setattr(preparing, "UNDERWAY", replace(preparing.UNDERWAY, limit=2))
    walk = Walk(Practice(tmp_path, staffed=False).browser())
    search, _ = walk.found()
    answers = [walk.browser.post("/find/open", search=search, place="0") for _ in range(3)]
    assert [one.status for one in answers] == [303, 303, 503]


# -- a file that was brought ------------------------------------------------------------------


def brought(browser, data, **fields):
    return sent(browser, "/upload", data, **fields)


@pytest.fixture(scope="module")
def bundle(practice):
    return (practice.folder / "source" / "rowan-ashdown.json").read_bytes()


def test_a_file_of_the_named_patient_is_prepared(practice, bundle):
    browser = practice.browser("clerk")
    answer = brought(browser, bundle, nhs_number="999 000 0018")
    assert answer.status == 303
    born = {"birth_day": "14", "birth_month": "07", "birth_year": "1958"}
    assert brought(browser, bundle, **born).status == 303


def several(bundle):
    value = json.loads(bundle)
    person = next(e for e in value["entry"] if e["resource"]["resourceType"] == "Patient")
    twin = json.loads(json.dumps(person).replace(NUMBER, "9990000034").replace("1958", "1978"))
    twin["fullUrl"], twin["resource"]["id"] = "urn:uuid:twin", "twin"
    return json.dumps({**value, "entry": [*value["entry"], twin]}).encode()


HOSTILE = {
    "of another patient": (lambda b: b, {"nhs_number": "9990000034"}, "console.other_patient"),
    "of another birth date": (
        lambda b: b,
        {"birth_day": "15", "birth_month": "7", "birth_year": "1958"},
        "console.other_patient",
    ),
    "of nobody whom staff name": (lambda b: b, {}, "console.not_named"),
    "of several patients": (several, {"nhs_number": NUMBER}, "fhir.several_patients"),
    "that is empty": (lambda _: b"", {"nhs_number": NUMBER}, "console.file"),
    "that is no JSON": (lambda b: b[:-40], {"nhs_number": NUMBER}, "fhir."),
    "that is no FHIR": (lambda _: b'{"a": 1}', {"nhs_number": NUMBER}, "fhir."),
    "of depth without end": (lambda _: b"[" * 100_000, {"nhs_number": NUMBER}, "fhir."),
    "with a number that is none": (lambda b: b, {"nhs_number": "123"}, "10 digits"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_is_refused(name, practice, bundle):
    change, fields, code = HOSTILE[name]
    browser = practice.browser("clerk")
    answer = brought(browser, change(bundle), **fields)
    assert 400 <= answer.status < 500
    assert code in answer.text
    assert "/prepared/" not in answer.text


def test_a_file_of_more_than_eight_megabytes_is_refused_before_it_is_read(practice):
    answer = brought(practice.browser("clerk"), b" " * (9 * 1_048_576), nhs_number=NUMBER)
    refused(answer, "limit.size", 413)


def test_a_file_never_stands_in_a_folder_for_temporary_files(practice, bundle, monkeypatch):
    import tempfile  # noqa: PLC0415 - watched here

    def rolled(*_):
        raise AssertionError("a patient's file was written to the disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rolled)
    large = bundle.rstrip()[:-1] + b" " * 2_000_000 + b"}"
    assert brought(practice.browser("clerk"), large, nhs_number=NUMBER).status == 303


def test_the_finder_is_the_practices_own(practice):
    assert practice.issuer.sources["folder"].find(Person(nhs_number=NUMBER))
