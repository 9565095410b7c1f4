"""The queue of reports and the pages of those who run the issuer, as staff use them."""

from __future__ import annotations

import json

import pytest
from console_reports import WORDS, report_keys, reported
from console_world import Practice, refused

from healthpassport.audit import check_file
from issuer.service.audit_keeping import StoredTrail
from issuer.service.reports import one_report
from issuer.store import ReportState

NAME = "a-report-of-a-patient"


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    return Practice(folder, changes=report_keys(folder))


@pytest.fixture(scope="module")
def corrections(practice):
    return practice.browser("corrections")


@pytest.fixture(scope="module")
def admin(practice):
    return practice.browser("admin")


def told(practice, event):
    practice.issuer.audit.settle()
    found = [json.loads(one.entry) for one in StoredTrail(practice.issuer.store).all()]
    return [one for one in found if one["event"] == event]


def test_a_report_is_read_answered_and_its_words_are_gone(practice, corrections):
    reported(practice, NAME)
    assert f"/reports/{NAME}" in corrections.get("/reports").text
    assert WORDS.split("\n")[0] in corrections.get(f"/reports/{NAME}").text
    [row] = told(practice, "report.read")
    assert row["who"]["subject"] == "id-corrections"
    assert row["about"] == practice.issuer.audit.about(NAME)
    answer = corrections.post(f"/reports/{NAME}", outcome="corrected", words=" Thank you. ")
    assert (answer.status, answer.headers["location"]) == (303, f"/reports/{NAME}")
    kept = one_report(practice.issuer, NAME)
    assert (kept.state, kept.sealed) == (ReportState.ANSWERED, None)
    page = corrections.get(f"/reports/{NAME}").text
    assert "erased" in page
    assert WORDS.split("\n")[0] not in page
    assert NAME not in corrections.get("/reports").text
    assert NAME in corrections.get("/reports?answered=1").text
    assert told(practice, "report.answered")[0]["facts"] == {"outcome": "corrected"}
    again = corrections.post(f"/reports/{NAME}", outcome="corrected", words="Once more.")
    refused(again, "report.answered", 409)


def test_what_was_typed_stays_when_something_is_missing(practice, corrections):
    name = reported(practice, "another-report-here")
    for form, kept in (
        ({"outcome": "", "words": "Some words"}, "Some words"),
        ({"outcome": "not_changed", "words": " "}, 'value="not_changed" checked'),
        ({"outcome": "maybe", "words": "Some words"}, "Some words"),
        ({"outcome": "corrected", "words": "x" * 2001}, "xxx"),
    ):
        answer = corrections.post(f"/reports/{name}", **form)
        assert answer.status == 400
        assert kept in answer.text
    assert one_report(practice.issuer, name).state is ReportState.OPEN
    half = corrections.post(f"/reports/{name}", outcome="corrected", words="").text
    assert half.count(" checked") == 1


def test_without_the_key_the_words_stay_sealed_and_the_page_says_why(tmp_path):
    keys = report_keys(tmp_path) | {"reports_key": None}
    practice = Practice(tmp_path, changes=keys)
    name = reported(practice, "a-report-without-key")
    page = practice.browser("corrections").get(f"/reports/{name}")
    assert page.status == 200
    assert "report.unreadable" in page.text
    assert told(practice, "report.read") == []


def test_markup_in_a_patients_words_is_only_words(practice, corrections):
    name = reported(practice, "a-report-with-markup", words="<script>alert(1)</script>\u202e x")
    page = corrections.get(f"/reports/{name}").text
    assert "<script>" not in page
    assert "\u202e" not in page


def test_a_report_that_is_not_there_is_said_in_words(corrections):
    refused(corrections.get("/reports/nothing-like-this-one"), "report.unknown", 404)
    refused(
        corrections.post("/reports/nothing-like-it", outcome="corrected", words="x"),
        "report.unknown",
        404,
    )


def test_whoever_answers_reports_starts_at_the_queue(corrections):
    assert corrections.get("/").headers["location"] == "/reports"


def test_the_trail_is_searched_without_an_nhs_number_in_an_address(practice, admin):
    practice.site.offer()
    found = admin.post("/audit", about="999 000 0018")
    assert "A patient was offered their record" in found.text
    assert "An offer was made" not in found.text.split("<tbody>")[1]
    assert admin.post("/audit", about="999 000 0026").text.count("<tr>") == 0
    assert admin.post("/audit", day="1999-12-31").status == 200
    wrong = admin.post("/audit", day="tomorrow", person="somebody")
    assert (wrong.status, 'value="somebody"' in wrong.text) == (400, True)


def test_that_the_trail_was_read_and_exported_stands_in_it(practice, admin):
    before = len(told(practice, "trail.read"))
    admin.get("/audit")
    assert len(told(practice, "trail.read")) == before + 1
    export = admin.post("/audit/export")
    keys = [practice.issuer.signer.public_key]
    lines = [line + b"\n" for line in export.body.splitlines()]
    assert check_file(lines, expected_keys=keys).whole
    assert told(practice, "trail.exported")[-1]["who"]["subject"] == "id-admin"


def test_keys_trust_and_lists_say_what_to_do(admin, practice):
    assert "Signs now" in admin.get("/keys").text
    assert "passport-trust update" in admin.get("/trust").text
    page = admin.get("/lists").text
    assert "Few records" in page
    assert str(practice.issuer.settings.status_list_size) in page


def test_a_trust_list_that_cannot_be_read_is_told_and_hides_no_page(tmp_path):
    (tmp_path / "root.json").write_bytes(b"{}")
    more = {"trust_folder": tmp_path / "copy", "trust_root": tmp_path / "root.json"}
    admin = Practice(tmp_path, changes=more).browser("admin")
    for path in ("/keys", "/trust"):
        answer = admin.get(path)
        assert answer.status == 200
        assert "trust." in answer.text
