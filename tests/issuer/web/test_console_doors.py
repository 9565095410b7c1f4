"""The console's doors: roles, sessions, forged forms, other hosts."""

from __future__ import annotations

import pytest
from app_routes import routes
from asgi_calls import call
from console_world import FORM, Practice, refused

from issuer.service.console.staff import ALLOWED, Action, Role
from issuer.web.access import GATES, PUBLIC


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return Practice(tmp_path_factory.mktemp("practice"))


@pytest.fixture(scope="module")
def browsers(practice):
    return {role: practice.browser(role.value) for role in Role}


def test_every_page_stands_in_the_table_of_access_and_nothing_else_does(practice):
    assert routes(practice.app) == set(GATES)


def test_every_action_belongs_to_a_role_and_no_admin_sees_a_patient():
    assert set(Action) == set().union(*ALLOWED.values())
    patient = {Action.PREPARE, Action.SIGN_OFF, Action.STATUS, Action.CARD, Action.REPORTS}
    assert not ALLOWED[Role.ADMIN] & patient
    assert Action.SIGN_OFF not in ALLOWED[Role.CLERK]


def opens(role, needed):
    actions = {needed} if isinstance(needed, Action) else needed
    return bool(actions & ALLOWED[role])


CLOSED = [(*gate, needed) for gate, needed in sorted(GATES.items()) if needed is not PUBLIC]


@pytest.mark.parametrize(("method", "path", "needed"), CLOSED)
def test_a_page_opens_to_its_roles_alone(method, path, needed, practice, browsers):
    where = path.replace("{", "").replace("}", "")
    for role, browser in browsers.items():
        answer = browser.get(where) if method == "GET" else browser.post(where)
        if opens(role, needed):
            assert "staff.role" not in answer.text, (role, path)
        else:
            refused(answer, "staff.role", 403)


@pytest.mark.parametrize(("method", "path", "needed"), CLOSED)
def test_a_page_is_not_told_of_before_sign_in(method, path, needed, practice):
    browser = practice.browser()
    answer = browser.get(path) if method == "GET" else browser.post(path)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "origin", [None, "null", "http://localhost.elsewhere.example", "http://elsewhere.example"]
)
def test_a_form_of_another_page_changes_nothing(origin, practice):
    browser = practice.browser("clinician")
    headers = {"content-type": FORM["content-type"], "accept": "text/html"}
    headers["cookie"] = "; ".join(f"{n}={v}" for n, v in browser.cookies.items())
    if origin is not None:
        headers["origin"] = origin
    refused(call(practice.app, "POST", "/sign-out", headers=headers), "csrf", 403)
    assert browser.get("/").status == 200


def test_another_host_name_is_refused_before_any_page(practice):
    answer = call(practice.app, "GET", "/", headers={"host": "elsewhere.example"})
    assert answer.status == 403


def test_no_session_outlives_another_sign_in_and_none_is_taken_over(practice):
    browser = practice.browser("clerk")
    (name,) = browser.cookies
    first = browser.cookies[name]
    browser.sign_in("clinician")
    assert browser.cookies[name] != first
    stale = practice.browser()
    stale.cookies[name] = first
    assert stale.get("/").status == 303


def test_a_session_that_somebody_planted_is_never_signed_in(practice):
    victim = practice.browser()
    (name,) = practice.browser("clerk").cookies
    victim.cookies[name] = "planted"
    victim.sign_in("clinician")
    assert victim.cookies[name] != "planted"
    thief = practice.browser()
    thief.cookies[name] = "planted"
    assert thief.get("/").status == 303


def test_a_state_works_once_and_in_the_browser_that_began(practice):
    browser = practice.browser()
    told = browser.leave()
    refused(practice.browser().come_back(told), "staff.sign_in_unknown")
    refused(browser.come_back(told), "staff.sign_in_unknown")


def test_who_has_no_role_here_is_not_signed_in(practice):
    browser = practice.browser()
    practice.provider.roles = ["gardener"]
    refused(browser.come_back(browser.leave()), "staff.no_role", 403)
    assert browser.get("/").status == 303


def test_a_provider_that_is_not_there_is_said_in_words(tmp_path):
    practice = Practice(tmp_path)
    practice.provider.reachable = False
    refused(practice.browser().get("/sign-in/go"), "staff.offline", 503)


def test_a_session_ends_by_itself_and_by_hand(tmp_path):
    practice = Practice(tmp_path)
    browser = practice.browser("clerk")
    practice.site.pass_time(minutes=14)
    assert browser.get("/").status == 200
    practice.site.pass_time(minutes=16)
    assert browser.get("/").status == 303
    browser.sign_in("clerk")
    for _ in range(61):
        practice.site.pass_time(minutes=10)
        last = browser.get("/").status
    assert last == 303  # a shift is over, however busy it was
    browser.sign_in("clerk")
    kept = dict(browser.cookies)
    assert browser.post("/sign-out").status == 303
    browser.cookies = kept
    assert browser.get("/").status == 303


def test_only_the_digest_of_a_session_is_kept(practice):
    browser = practice.browser("clerk")
    (secret,) = browser.cookies.values()
    assert secret.encode() not in practice.site.files()


def test_nobody_signs_in_at_one_trusted_machine_and_its_role_counts(tmp_path):
    practice = Practice(tmp_path, staffed=False, changes={"web_role": "clerk"})
    browser = practice.browser()
    assert browser.get("/").status == 200
    assert browser.get("/sign-in").headers["location"] == "/"
    refused(browser.get("/set-up"), "staff.role", 403)


def test_a_page_is_kept_nowhere_and_runs_no_script(practice):
    answer = practice.browser().get("/sign-in")
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
