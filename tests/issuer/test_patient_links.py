"""The web address of a patient's link: one page for everybody, and a secret that stays apart."""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from asgi_calls import call
from console_world import Practice, Walk
from fastapi import FastAPI

from healthpassport.errors import ServiceError
from issuer.service.collecting import page_link, wallet_link
from issuer.web.patient import add_pages
from issuer.web.patient.collecting import add_collecting
from issuer.web.telling import moment

FORM = {"content-type": "application/x-www-form-urlencoded"}
UNKNOWN = "A" * 43


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    made = Practice(tmp_path_factory.mktemp("practice"), staffed=False)
    add_pages(made.site.app)
    yield made
    made.issuer.store.close()


@pytest.fixture
def walk(practice):
    return Walk(practice.browser())


def asked(practice, method="GET", body=b"", path="/get", **headers):
    return call(practice.site.app, method, path, body=body, headers={**FORM, **headers})


def sent(practice, typed, **headers):
    return asked(practice, "POST", urlencode({"link": typed}).encode(), **headers)


def secret_of(walk, handed):
    link = walk.link(walk.browser.get(handed).text).replace("&amp;", "&")
    return parse_qs(urlsplit(link).query)["credential_offer_uri"][0].rsplit("/", 1)[1]


def test_whoever_fetches_the_page_gets_nothing_of_anybody_and_uses_nothing_up(practice, walk):
    handed = walk.offered()
    secret = secret_of(walk, handed)
    pages = {asked(practice).body for _ in range(3)} | {asked(practice, path="/get?x=1").body}
    assert len(pages) == 1
    assert secret.encode() not in pages.pop()
    head = asked(practice, "HEAD")
    assert (head.status, head.headers["cache-control"]) == (200, "no-store")
    for _ in range(7):
        assert sent(practice, f"#{secret}").status == 200
    walk.collect(handed)


def test_a_whole_message_is_enough_and_leads_to_the_link_of_the_code(practice, walk):
    handed = walk.offered()
    link = walk.link(walk.browser.get(handed).text)
    where = f"{practice.issuer.url('/get')}#{secret_of(walk, handed)}"
    for typed in (
        where,
        f"Your record is ready. {where} Bye.",
        f" {where}\n",
    ):
        answer = sent(practice, typed)
        assert answer.status == 200
        assert f'href="{link}"' in answer.text
        assert "script" not in answer.headers["content-security-policy"].replace("unsafe", "")


def test_a_link_that_was_used_or_is_over_or_never_was_is_refused_alike(practice, walk):
    used, late, back = walk.offered(), walk.offered(), walk.offered()
    told = [secret_of(walk, one) for one in (used, late, back)]
    walk.collect(used)
    offer = back.rsplit("/", 1)[1]
    walk.browser.post(f"/offers/{offer}/change", to="withdraw", reason="patient_asked")
    practice.site.pass_time(minutes=30)
    answers = [sent(practice, f"#{one}") for one in (*told, UNKNOWN)]
    assert {one.status for one in answers} == {404}
    same = {one.text.replace(s, "") for one, s in zip(answers, (*told, UNKNOWN), strict=True)}
    assert len(same) == 1
    assert "openid-credential-offer" not in same.pop()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "#",
        "#short",
        f"#{UNKNOWN}B",
        UNKNOWN,
        f"# {UNKNOWN}",
        "https://a.example/get",
        "ÿ" * 99,
    ],
)
def test_half_a_link_is_asked_for_again(practice, typed):
    answer = sent(practice, typed)
    assert answer.status == 400
    assert 'name="link"' in answer.text


@pytest.mark.parametrize(
    "body",
    [b"", b"link", b"\xff\xfe", b"link=%FF&link=%FE", b"a=1&b=2", b"link=" + b"x" * 99_999],
)
def test_a_body_that_is_no_form_is_a_link_that_is_missing(practice, body):
    assert asked(practice, "POST", body).status == 400


def test_a_form_of_very_many_fields_is_refused(practice):
    assert asked(practice, "POST", b"&".join(b"a=1" for _ in range(99))).status == 400


def test_who_asks_too_often_gets_a_page_in_their_language_and_uses_nothing_up(practice, walk):
    secret = secret_of(walk, walk.offered())
    few = practice.issuer.settings.model_copy(update={"request_burst": 1})
    busy = FastAPI()
    busy.state.issuer = replace(practice.issuer, settings=few)
    add_collecting(busy, "/patient")
    assert call(busy, "GET", "/get").status == 200
    body, headers = urlencode({"link": f"#{secret}"}).encode(), {**FORM, "accept-language": "cy"}
    for method, sent_body in (("GET", b""), ("POST", body)):
        answer = call(busy, method, "/get", body=sent_body, headers=headers)
        assert (answer.status, answer.headers["retry-after"]) == (429, "60")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-store"
        assert 'lang="cy"' in answer.text
        assert secret not in answer.text
    assert sent(practice, f"#{secret}").status == 200


def test_no_log_holds_the_secret(practice, walk, caplog):
    caplog.set_level(logging.DEBUG)
    secret = secret_of(walk, walk.offered())
    assert sent(practice, f"#{secret}").status == 200
    assert secret not in caplog.text


def test_only_the_first_page_runs_a_script_and_the_language_can_be_changed_on_each(practice, walk):
    first = asked(practice, **{"accept-language": "cy"})
    assert "script-src 'self'" in first.headers["content-security-policy"]
    assert 'lang="cy"' in first.text
    second = sent(practice, f"#{secret_of(walk, walk.offered())}")
    assert "<script" not in second.text
    assert 'action="/get?language=cy"' in second.text


def test_a_letter_and_the_page_of_the_service_name_the_same_address(practice, walk):
    handed = walk.offered(link_by="letter")
    sheet = walk.browser.get(f"{handed}/letter").text
    address = sheet.partition('class="console-token">')[2].partition("<")[0]
    assert moment(practice.console.handed.find(handed.rsplit("/", 1)[1]).expires_at) in sheet
    base, _, secret = address.partition("#")
    assert base == practice.issuer.url("/get")
    uri = practice.issuer.url(f"/credential-offers/{secret}")
    assert page_link(practice.issuer, uri) == address
    assert quote(uri, safe="") in wallet_link(practice.issuer, address)
    with pytest.raises(ServiceError, match=r"offer\.link"):
        wallet_link(practice.issuer, base)
