"""Offers to many at the console: planned by line, started once, followed, cancelled."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from console_many import LINES, NOBODY, planned, recipient, started
from console_uploads import sent
from console_world import NUMBER, Practice, refused

from issuer.service import bulk, jobs
from issuer.service.console import plans
from issuer.service.job_kinds import KINDS
from issuer.store import Wanted, audit


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return Practice(tmp_path_factory.mktemp("practice"))


@pytest.fixture(scope="module")
def admin(practice):
    return practice.browser("admin")


def test_each_line_is_told_by_number_and_kind_and_never_by_what_it_says(admin):
    text = admin.get(planned(admin)).text
    assert "offer.nobody" in text
    assert "Allergies" in text
    for secret in (NUMBER, NOBODY, "Penicillin", "Ashdown", "latex"):
        assert secret.lower() not in text.lower()


def test_a_run_is_started_done_and_its_results_opened_by_the_operators_key_alone(practice, admin):
    where, key = started(admin, planned(admin))
    assert "Being done" in admin.get(where).text
    jobs.run_due(practice.issuer, KINDS)
    text = admin.get(where).text
    assert "Done" in text
    assert "offer.nobody" in text
    run = where.rsplit("/", 1)[1]
    assert f"bulk results {run}" in text
    (result,) = bulk.results(practice.issuer, run, key=key)
    assert result.pin not in text
    assert result.link not in text
    assert where in admin.get("/many").text


def test_a_form_that_is_sent_twice_starts_one_run(practice, admin):
    plan = planned(admin)
    before = len(bulk.all_bulks(practice.issuer))
    first, _ = started(admin, plan)
    second, _ = started(admin, plan)
    assert first == second
    assert admin.get(plan).headers["location"] == first
    assert len(bulk.all_bulks(practice.issuer)) == before + 1


def test_only_the_chosen_kinds_are_planned_and_offered_for_the_chosen_days(practice, admin):
    where = sent(admin, "/many/plan", lines=LINES, types="AllergySummary", days="3").headers[
        "location"
    ]
    plan = admin.get(where).text
    assert "Allergies" in plan
    assert "Medicines" not in plan
    assert "3 days" in plan
    running, key = started(admin, where)
    jobs.run_due(practice.issuer, KINDS)
    text = admin.get(running).text
    assert "Allergies" in text
    assert 'value="100"' in text
    (result,) = bulk.results(practice.issuer, running.rsplit("/", 1)[1], key=key)
    assert result.expires_at < (practice.site.now + timedelta(days=4)).isoformat()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"days": "0"}, "console.days"),
        ({"days": "91"}, "console.days"),
        ({"days": "-1"}, "console.days"),
        ({"days": "1.5"}, "console.days"),
        ({"days": "٣"}, "console.days"),
        ({"types": "SecretSummary"}, "offer.record_type"),
    ],
)
def test_choices_that_cannot_be_are_told_on_the_form(fields, code, admin):
    answer = sent(admin, "/many/plan", lines=LINES, **fields)
    refused(answer, code, 400)
    assert NUMBER in answer.text


def test_what_is_cancelled_offers_nobody(practice, admin):
    where, _ = started(admin, planned(admin))
    assert admin.post(f"{where}/cancel").status == 303
    jobs.run_due(practice.issuer, KINDS)
    assert bulk.progress(practice.issuer, where.rsplit("/", 1)[1]).counts == {"cancelled": 2}
    refused(admin.post(f"{where}/cancel"), "bulk.over", 409)
    refused(admin.post("/many/runs/unknown/cancel"), "bulk.unknown", 404)


def test_who_planned_started_and_cancelled_stands_in_the_trail(practice, admin):
    where, _ = started(admin, planned(admin))
    admin.post(f"{where}/cancel")
    practice.issuer.audit.settle(everything=True)
    for event in ("bulk.planned", "bulk.started", "bulk.cancelled"):
        with practice.issuer.store.reading() as tx:
            (entry,) = audit.find(tx, Wanted(event=event), 1)
        assert json.loads(entry.entry)["who"]["subject"] == "id-admin"


@pytest.mark.parametrize("lines", ["", "nhs_number\n", "1234567890\n", f"{NUMBER}\n{NUMBER}\n"])
def test_a_list_that_cannot_be_read_is_refused_on_the_form(admin, lines):
    refused(sent(admin, "/many/plan", lines=lines), "bulk.list", 400)


def test_a_file_is_read_with_its_own_heading(admin):
    data = b"source\nrowan-ashdown\n"
    where = sent(admin, "/many/plan", data, lines="").headers["location"]
    assert re.search(r"<td>1</td>\s*<td>", admin.get(where).text)


def test_only_the_public_half_of_a_key_starts_a_run(admin):
    plan = planned(admin)
    public, key = recipient()
    private = json.dumps({**json.loads(public), "d": key.private_jwk()["d"]})
    for wrong in ("", "{}", "[]", "not json", private, '{"kty": "RSA", "n": "AQ", "e": "AQAB"}'):
        answer = admin.post(f"{plan}/start", recipient=wrong)
        refused(answer, "bulk.recipient", 400)
        assert str(key.private_jwk()["d"]) not in answer.text


def test_nothing_starts_before_every_line_was_read(admin, monkeypatch):
    monkeypatch.setattr("issuer.service.console.many.STEP_LINES", 1)
    plan = planned(admin)
    refused(admin.post(f"{plan}/start", recipient=recipient()[0]), "console.unplanned", 409)
    assert admin.post(f"{plan}/more").status == 303
    assert started(admin, plan)


def test_a_plan_is_of_whoever_made_it_and_forgotten_in_time(tmp_path):
    practice = Practice(tmp_path / "practice")
    one, other = practice.browser("admin"), practice.browser()
    other.sign_in("admin", sub="another")
    plan = planned(one, LINES)
    refused(other.get(plan), "console.gone", 404)
    refused(other.post(f"{plan}/start"), "console.gone", 404)
    practice.site.pass_time(minutes=plans.HELD.total_seconds() // 60 + 1)
    one.sign_in("admin")
    refused(one.get(plan), "console.gone", 404)
