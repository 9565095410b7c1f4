"""How old records and lists may be: a hospital's own file, and the rule that fired in words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from asgi_calls import call
from desk_world import full_wallet, handle_of, make_desk

from healthpassport.credential import FiredRule, Rule
from healthpassport.errors import SettingsError
from healthpassport.verification.policy import RECORD_AGES
from verifier.service import desk_policy, view_json
from verifier.service.rule_words import rule_words
from verifier.settings import VerifierSettings
from verifier.web import create_app
from verifier.web.app import DESK

DAY = timedelta(days=1)


def settings_with(folder, value):
    text = value if isinstance(value, str) else json.dumps(value)
    (folder / "freshness.json").write_text(text, encoding="utf-8")
    return VerifierSettings(home=folder)


def test_without_a_file_the_documented_defaults_hold(tmp_path):
    policy = desk_policy(VerifierSettings(home=tmp_path))
    assert policy.records == RECORD_AGES
    assert (policy.other_records, policy.trust_list, policy.status_list) == (
        365 * DAY,
        7 * DAY,
        3 * DAY,
    )


def test_a_hospital_sets_its_own_ages_and_keeps_the_other_defaults(tmp_path):
    own = {"version": 1, "records": {"AllergySummary": 5, "KeyResults": 40}, "statusLists": 1}
    policy = desk_policy(settings_with(tmp_path, own))
    assert policy.limit("AllergySummary") == 5 * DAY
    assert policy.limit("KeyResults") == 40 * DAY
    assert policy.limit("MedicationSummary") == 7 * DAY
    assert policy.status_list == DAY
    assert policy.trust_list == 7 * DAY


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"version": 2}, "version"),
        ({}, "version"),
        ({"version": 1, "records": {"Allergies": 5}}, "Allergies"),
        ({"version": 1, "records": {"AllergySummary": 0}}, "AllergySummary"),
        ({"version": 1, "records": {"AllergySummary": -1}}, "AllergySummary"),
        ({"version": 1, "records": {"AllergySummary": 1.5}}, "AllergySummary"),
        ({"version": 1, "records": {"AllergySummary": True}}, "AllergySummary"),
        ({"version": 1, "records": {"AllergySummary": None}}, "AllergySummary"),
        ({"version": 1, "records": {"AllergySummary": 99999}}, "AllergySummary"),
        ({"version": 1, "trustList": 91}, "trustList"),
        ({"version": 1, "statusLists": 0}, "statusLists"),
        ({"version": 1, "statusLists": 32}, "statusLists"),
        ({"version": 1, "statuslists": 3}, "statuslists"),
        ("{", "json"),
        ('{"version": 1, "version": 1}', "json"),
        ("[]", "json"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_desk_and_is_named(tmp_path, value, named):
    with pytest.raises(SettingsError) as caught:
        desk_policy(settings_with(tmp_path, value))
    assert caught.value.code == "verifier.freshness_invalid"
    assert named in str(caught.value)


def test_a_file_that_is_named_and_missing_is_no_reason_for_defaults(tmp_path):
    with pytest.raises(SettingsError):
        desk_policy(VerifierSettings(home=tmp_path, freshness=tmp_path / "gone.json"))


@pytest.mark.parametrize(
    ("fired", "words"),
    [
        (
            FiredRule(Rule.RECORD_AGE, 7 * DAY, 10 * DAY),
            "Old: 10 days old. The rule here: at most 7 days.",
        ),
        (
            FiredRule(Rule.RECORD_DATE, DAY, 30 * DAY),
            "Old: dated 30 days ahead of today, so its age cannot be told.",
        ),
        (
            FiredRule(Rule.VALID_UNTIL, 0 * DAY, timedelta(hours=5)),
            "Out of date: its issuer's own limit ended 5 hours ago.",
        ),
        (
            FiredRule(Rule.TRUST_LIST_AGE, 7 * DAY, 8 * DAY),
            (
                "Could not check the issuer: the trust list is 8 days old. The rule here: at most 7"
                " days."
            ),
        ),
        (
            FiredRule(Rule.STATUS_LIST_AGE, 3 * DAY, None),
            (
                "Could not check whether it was withdrawn: no list is at hand."
                " The rule here: at most 3 days."
            ),
        ),
        (
            FiredRule(Rule.STATUS_LIST_AGE, 3 * DAY, DAY),
            "Could not check whether it was withdrawn: the issuer's list has run out.",
        ),
        (
            FiredRule(Rule.STATUS_LIST_AGE, DAY, timedelta(hours=30)),
            (
                "Could not check whether it was withdrawn: the list is 30 hours old."
                " The rule here: at most 1 day."
            ),
        ),
    ],
)
def test_each_rule_says_what_was_found_and_what_is_allowed(fired, words):
    assert rule_words(fired) == words


def answered(world, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), held.answer(request))
    return desk.look(view.id, desk=DESK)


def test_a_stricter_hospital_calls_the_same_record_old_and_names_its_rule(world, tmp_path):
    (tmp_path / "home").mkdir()
    ages = {"version": 1, "records": {"AllergySummary": 1}}
    strict = tmp_path / "freshness.json"
    strict.write_text(json.dumps(ages), encoding="utf-8")
    desk = make_desk(world, tmp_path / "home", freshness=strict)
    view = answered(world, desk)
    section = view.summary.section("AllergySummary")
    assert section.old
    assert [fired.rule for fired in section.rules] == [Rule.RECORD_AGE]
    told = next(
        s
        for s in view_json(view, now=view.created_at)["result"]["sections"]
        if s["type"] == "AllergySummary"
    )
    assert told["rules"][0]["rule"] == "record_age"
    assert told["rules"][0]["limitSeconds"] == 86400
    page = call(create_app(desk.settings, desk), "GET", f"/requests/{view.id}").body.decode()
    assert "The rule here: at most 1 day." in page
