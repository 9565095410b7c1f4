"""A patient's link as a web address is one shape exactly; anything beside it is no such link."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.protocols.oid4vci.web_links import parse_web_link, web_link

SECRET = "Az09_-" * 7 + "x"


@pytest.mark.parametrize(
    "issuer",
    ["https://surgery.example", "https://nhs.example:8443", "https://a.example/one/two-3"],
)
def test_what_is_made_is_read(issuer):
    link = web_link(issuer=issuer, secret=SECRET)
    assert parse_web_link(link) == (issuer, f"{issuer}/credential-offers/{SECRET}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"http://a.example/get#{SECRET}",
        f"//a.example/get#{SECRET}",
        f"https:///get#{SECRET}",
        f"https://a.example/got#{SECRET}",
        f"https://a.example/get/#{SECRET}",
        f"https://a.example/get?x=1#{SECRET}",
        f"https://a.example/get#{SECRET[1:]}",
        f"https://a.example/get#{SECRET}A",
        f"https://a.example/get#{SECRET}\n",
        f"https://a.example/get#{SECRET}#",
        f"https://a.example@b.example/get#{SECRET}",
        f"https://a.example\\@b.example/get#{SECRET}",
        f"https://a.example%2f@b.example/get#{SECRET}",
        f"https://a.example/%2e%2e/get#{SECRET}",
        f"https://a.example//get#{SECRET}",
        f"https://[::1]/get#{SECRET}",
        f"https://bücher.example/get#{SECRET}",
        f"https://a.example:port/get#{SECRET}",
        f"https://a.example/{'a/' * 2_000}get#{SECRET}",
        f"openid-credential-offer://a.example/get#{SECRET}",
    ],
)
def test_what_only_looks_like_one_is_none(text):
    assert parse_web_link(text) is None


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=":/.@#?%\\\n aZ0é", max_size=30))
def test_no_text_breaks_the_reading(text):
    found = parse_web_link(f"https://a.example{text}/get#{SECRET}")
    assert found is None or found[0] == f"https://a.example{text}"
