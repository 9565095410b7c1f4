"""The pages on which a patient signs in, in a real browser: usable by everybody, easy to read."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from asgi_calls import call
from axe_rules import ALL_RULES, OF_WORDS, faults
from chromium import chromium
from console_words import CONSOLE
from fastapi import FastAPI
from fhir_examples import PATIENT, bundle, data
from page_words import of_template
from playwright.sync_api import sync_playwright
from reading import too_hard
from sign_in_world import LATEX, Asking, Browser, SignInSite
from walking import OVERFLOW, seen_whole, stands_without_mouse_or_colours

import schemas
from healthpassport.errors import catalogue
from healthpassport.languages import LANGUAGES
from issuer.service.offers import offer_bundle
from issuer.web import languages
from issuer.web.patient.collecting import add_collecting

NARROW = {"width": 320, "height": 700}
NAMES = (
    *("start", "agree", "stopped", "refused"),
    *("get", "get wrong", "get open", "get over", "get wait"),
)
ENGLISH = re.compile(
    r"\b(the|and|was|with|from|this|that|your|which|has|been|not|you|for|it)\b", re.IGNORECASE
)
FOR_STAFF = {"patient.setup", "patient.no_sign_in"}
PATIENTS = sorted(code for code in schemas.load("errors/patient.json") if code[:8] == "patient.")


def answers(site, language):
    """The answer of each page in ``language``."""
    wallet, other = Asking(site), Asking(site)
    for one in (wallet, other):
        one.browser.headers["accept-language"] = language
    wallet.begin()
    other.begin()
    nobody = Browser(site, headers={"accept-language": language})
    offer = offer_bundle(site.issuer, client="practice", bundle=data(bundle(PATIENT, LATEX)))
    secret = offer.uri.rsplit("/", 1)[1]
    busy = FastAPI()
    none = site.settings.model_copy(update={"request_burst": 0})
    busy.state.issuer = replace(site.issuer, settings=none)
    add_collecting(busy, "/patient")
    return {
        "start": wallet.browser.get("/patient/start"),
        "agree": (wallet.sign_in(), wallet.browser.get("/patient/agree"))[1],
        "stopped": other.sign_in(error="access_denied", code=None),
        "refused": nobody.get("/patient/agree"),
        "get": nobody.get("/get"),
        "get wrong": nobody.post("/get", link="half a link"),
        "get open": nobody.post("/get", link=f"#{secret}"),
        "get over": nobody.post("/get", link="#" + "A" * 43),
        "get wait": call(busy, "GET", "/get", headers={"accept-language": language}),
    }


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """``views(name, language)``: the page in a tab; what it loads comes from the same answers."""
    site = SignInSite(tmp_path_factory.mktemp("walk"))
    made = {code: answers(site, code) for code in LANGUAGES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        tab = browser.new_context(viewport=NARROW).new_page()
        shown, noise = {}, []
        tab.on("console", lambda m: noise.append(m.text))

        def fulfil(route):
            path = route.request.url.removeprefix(site.settings.iss)
            if path.startswith("/patient/static/"):
                file = CONSOLE / "static" / path.removeprefix("/patient/static/")
                route.fulfill(path=file)
            elif route.request.is_navigation_request():
                answer = shown["answer"]
                kept = {k: v for k, v in answer.headers.items() if k != "content-length"}
                route.fulfill(status=answer.status, headers=kept, body=answer.body)
            else:
                noise.append(f"asked for {route.request.url}")
                route.abort()

        tab.route("**/*", fulfil)

        def get(name, language, behind=""):
            shown["answer"] = made[language][name]
            noise.clear()
            tab.goto("about:blank")
            tab.goto(f"{site.settings.iss}/patient/{name}{behind}")
            tab.noise = noise
            return tab

        yield get
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_for_patients_can_be_used_by_everybody(name, language, views):
    page = views(name, language)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("script").count() == (name in {"get", "get wrong"})
    whole = seen_whole(language)
    assert faults(page, ALL_RULES if whole else OF_WORDS) == []
    assert page.evaluate(OVERFLOW) == 0
    if whole:
        stands_without_mouse_or_colours(page)
    if language != "en":
        assert ENGLISH.findall(page.inner_text("main")) == []
    assert [words for words in page.noise if "Failed to load resource" not in words] == []


@pytest.mark.browser
def test_what_stands_behind_the_link_is_put_into_the_form_and_nothing_else_is(views):
    page = views("get", "en", f"#{'A' * 43}")
    assert page.input_value("#link") == f"#{'A' * 43}"
    assert not page.is_visible("#link")
    assert page.get_attribute(".console-language", "href").endswith(f"#{'A' * 43}")
    page = views("get", "en", "#maincontent")
    assert page.input_value("#link") == ""
    assert page.is_visible("#link")


def said():
    """Every sentence that these pages say, and every refusal that a patient reads there."""
    folder = CONSOLE / "templates" / "patient"
    texts = [
        text for path in sorted(folder.glob("*.html")) for m in of_template(path) for text in m
    ]
    rows = [catalogue()[code] for code in PATIENTS if code not in FOR_STAFF]
    return texts + [text for row in rows for text in (row.title, row.hint)]


@pytest.mark.parametrize("text", said())
def test_what_a_patient_reads_at_sign_in_is_easy_and_stands_in_welsh(text):
    assert not too_hard(re.sub(r"%\([a-z_]+\)s", "them", text))
    for language in LANGUAGES:
        assert language == "en" or languages.words(language).knows(text)
