"""Staff sign in by their provider, or by an emergency code where it is not there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from asgi_calls import call
from simulated_provider import CLIENT, ISSUER, Provider
from staff_world import Browser, entries, refused, staff_app, staff_desk

from healthpassport.keys import generate_signer
from verifier.web.access import Cookies

SESSION = "desk-80-session"


# -- the way through ------------------------------------------------------------------------


def test_a_page_leads_to_the_sign_in_and_the_sign_in_back_to_the_page(visitor):
    first = visitor.get("/today")
    assert (first.status, first.headers["location"]) == (303, "/sign-in?to=/today")
    page = visitor.get(first.headers["location"])
    assert "/sign-in/go?to=/today" in page.text
    back = visitor.come_back(visitor.leave("/today"))
    assert (back.status, back.headers["location"]) == (303, "/today")
    shown = visitor.get("/today")
    assert shown.status == 200
    assert "You are signed in as Nia Evans (clinician)" in shown.text


def test_the_request_to_the_provider_has_state_nonce_and_a_challenge(visitor, login):
    visitor.leave()
    asked = next(iter(login.codes.values()))
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    assert asked["scope"] == "openid profile"
    assert asked["redirect_uri"] == "http://localhost/sign-in/callback"


def test_the_cookie_cannot_be_read_by_scripts_and_is_not_sent_from_other_sites(visitor):
    line = next(line for line in visitor.sign_in().cookies if line.startswith(SESSION))
    assert "HttpOnly" in line
    assert "SameSite=lax" in line
    assert "Secure" not in line  # plain http on this machine
    assert "Max-Age" not in line


def test_behind_https_the_cookie_is_bound_to_the_host(world, tmp_path):
    desk = staff_desk(world, tmp_path / "desk", Provider(), web_url="https://desk.example")
    app = staff_app(desk)
    answer = call(app, "GET", "/sign-in/go", headers={"host": "desk.example"})
    assert answer.cookies[0].startswith("__Host-desk-signing-in=")
    assert "Secure" in answer.cookies[0]
    good, bad = (
        {"host": "desk.example", "origin": f"{s}://desk.example"} for s in ("https", "http")
    )
    assert call(app, "POST", "/sign-out", headers=good).status == 303
    assert call(app, "POST", "/sign-out", headers=bad).status == 403
    desk.shut()


def test_two_desks_on_two_ports_of_one_host_never_take_each_others_session():
    class At:
        def __init__(self, address):
            self.web_address = address

    ports = ("https://desk.example", "https://desk.example:8443", "http://desk.example")
    marks = {Cookies.of(At(one)).session for one in (*ports, "http://desk.example:8443")}
    assert len(marks) == 4


def test_the_database_holds_no_session_that_could_be_used(visitor, staff):
    visitor.sign_in()
    secret = visitor.cookies[SESSION]
    stored = b"".join(path.read_bytes() for path in staff.settings.home.glob("verifier.sqlite*"))
    assert secret.encode() not in stored
    assert b"at_hash" not in stored
    # No token of the provider: three parts of base64url, the first of which begins a JSON object.
    # The audit trail's own signed heads are of another type.
    tokens = re.findall(rb"eyJ[\w-]{10,}\.eyJ[\w-]+\.[\w-]+", stored)
    assert [one for one in tokens if not one.startswith(b"eyJ0eXAiOiJocC1")] == []


def test_signing_out_ends_the_session_and_offers_the_providers_own(visitor, staff):
    visitor.sign_in()
    held = dict(visitor.cookies)
    out = visitor.post("/sign-out")
    assert (out.status, out.headers["location"]) == (303, "/signed-out")
    assert f"{ISSUER}/out?client_id={CLIENT}" in visitor.get("/signed-out").text
    visitor.cookies = held
    assert visitor.get("/today").headers["location"].startswith("/sign-in")
    assert entries(staff, "sign_out.made")[-1]


def test_a_session_ends_without_use_and_after_a_shift(visitor, staff_clock):
    visitor.sign_in()
    for _ in range(4):
        staff_clock.offset += timedelta(minutes=14)
        assert visitor.get("/today").status == 200
    staff_clock.offset += timedelta(minutes=15)
    assert visitor.get("/today").status == 303
    visitor.sign_in()
    for _ in range(60):
        staff_clock.offset += timedelta(minutes=12)
        last = visitor.get("/today").status
    assert last == 303  # twelve hours, however busy


def test_who_is_signed_in_goes_on_without_the_provider(visitor, login, staff_clock):
    visitor.sign_in()
    login.reachable = False
    staff_clock.offset += timedelta(minutes=10)
    asked = len(login.asked)
    assert visitor.get("/today").status == 200
    assert len(login.asked) == asked


def test_a_new_key_of_the_provider_is_looked_for_once(visitor, login, staff_clock):
    visitor.sign_in()
    login.signer = generate_signer()
    login.header = {"kid": "k2"}
    login.jwks = [login.public_jwk(kid="k2")]
    refused(visitor.sign_in(), "oidc.key_unknown")  # keys were fetched less than a minute ago
    staff_clock.offset += timedelta(minutes=2)
    assert visitor.sign_in().status == 303


def test_roles_may_stand_in_the_user_info_as_role_objects(world, tmp_path):
    provider = Provider(roles=None)
    rows = [
        {"org_code": "RXX01", "role_code": "S0010:G0020:R8000"},
        {"org_code": "RZZ99", "role_code": "S0010:G0020:R0001"},
    ]
    provider.userinfo = {"sub": "n-1", "nrbac": [{"person_roleid": "1", "nested": rows}]}
    desk = staff_desk(
        world,
        tmp_path / "desk",
        provider,
        oidc_role_claim="nrbac.nested.role_code",
        oidc_roles={"R8000": "clinician", "R0001": "auditor"},
    )
    browser = Browser(staff_app(desk), provider)
    assert browser.come_back(browser.leave()).status == 303
    assert "(clinician)" in browser.get("/today").text  # and no role at another organisation
    provider.userinfo["sub"] = "somebody else"
    refused(browser.come_back(browser.leave()), "oidc.userinfo")
    desk.shut()


def test_the_sign_in_stands_in_the_audit_trail(visitor, staff):
    visitor.sign_in("auditor")
    assert entries(staff, "sign_in.made")[-1]["who"]["subject"] == "id-auditor"


# -- without the provider ------------------------------------------------------------------------


def test_a_provider_that_is_not_there_is_told_with_what_to_do_instead(visitor, login):
    login.reachable = False
    answer = visitor.get("/sign-in/go")
    assert answer.status == 503
    refused(answer, "staff.offline")


def test_an_emergency_code_signs_a_clinician_in_once_and_for_an_hour(
    visitor, login, staff, staff_clock
):
    login.reachable = False
    codes = staff.sign_in.make_codes(2)
    assert codes[0] != codes[1]
    told = visitor.post("/sign-in/code", code=codes[0].lower().replace("-", " "), who="Dr Jones")
    assert told.status == 303
    assert "You are signed in as Dr Jones (clinician)" in visitor.get("/today").text
    assert staff.sign_in.codes_left() == 1
    again = Browser(visitor.app, login)
    refused(again.post("/sign-in/code", code=codes[0], who="Dr Jones"), "staff.code")
    made = entries(staff, "sign_in.made")[-1]
    assert made["facts"] == {"way": "code"}
    assert made["who"]["subject"] == "code:Dr Jones"
    for _ in range(5):
        staff_clock.offset += timedelta(minutes=13)
        last = visitor.get("/today").status
    assert last == 303


@pytest.mark.parametrize(
    ("code", "who"), [("", "Dr"), ("0000-0000-0000-0000-0000", "Dr"), (None, " ")]
)
def test_a_wrong_code_or_no_name_signs_nobody_in(visitor, staff, code, who):
    right = staff.sign_in.make_codes(1)[0]
    refused(
        visitor.post("/sign-in/code", code=right if code is None else code, who=who), "staff.code"
    )
    assert staff.sign_in.codes_left() == 1


def test_new_codes_end_the_old_ones(visitor, staff):
    old = staff.sign_in.make_codes(1)[0]
    staff.sign_in.make_codes(1)
    refused(visitor.post("/sign-in/code", code=old, who="Dr"), "staff.code")


def test_a_desk_without_a_provider_works_as_one_trusted_machine(world, tmp_path):
    desk = staff_desk(world, tmp_path / "desk", Provider(), oidc_issuer="")
    app = staff_app(desk)
    page = call(app, "GET", "/")
    assert page.status == 200
    assert "signed in" not in page.text
    assert call(app, "GET", "/sign-in").headers["location"] == "/"
    assert call(app, "GET", "/sign-in/go").status == 404
    desk.shut()
