"""What a practice's system does with its API key: offers from FHIR, statuses."""

import json
import secrets
import struct
import zlib
from pathlib import Path

import pytest
from simulated_issuer import Site, Wallet
from zxingcpp import BarcodeFormat, read_barcodes

from healthpassport.encoding import b64_decode
from healthpassport.protocols import oid4vci
from issuer.service.clients import Role, add_client

PATIENT = Path(__file__).resolve().parents[2] / "demo" / "patients" / "agnes-quillfeather.json"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def offer(site, value, *, headers=None):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    if headers is None:
        headers = {"authorization": f"Bearer {site.api_key}"}
    return site.call("POST", "/offers", body=body, headers=headers)


def bundle():
    return json.loads(PATIENT.read_text())


def test_a_bundle_becomes_an_offer_with_link_qr_code_and_pin(site):
    answer = offer(site, {"bundle": bundle()})
    assert answer.status == 201, answer.body
    told = answer.json()
    assert told["recordTypes"][0] == "PatientIdentity"
    assert told["credential_offer"]["credential_configuration_ids"] == told["recordTypes"]
    assert len(told["pin"]) == 6
    assert oid4vci.parse_offer_link(told["link"]) == told["credential_offer_uri"]
    fetched = site.call("GET", told["credential_offer_uri"].removeprefix(site.settings.iss))
    assert fetched.json() == told["credential_offer"]
    assert told["pin"] not in json.dumps(told["credential_offer"])
    assert answer.headers["cache-control"] == "no-store"


def test_the_qr_code_holds_the_link(site):
    told = offer(site, {"bundle": bundle()}).json()
    picture = _pixels(b64_decode(told["qr"]["png"].partition(",")[2]))
    [code] = read_barcodes(picture, formats=BarcodeFormat.QRCode)
    assert code.text == told["link"]
    assert told["qr"]["svg"].startswith("data:image/svg+xml")


def _pixels(png):
    """The grey values of a PNG of one bit a pixel, filtered by none or up (PNG section 9.2)."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start], "big")
    rows = zlib.decompress(png[start + 4 : start + 4 + length])
    stride = (width + 7) // 8 + 1
    grey, above = bytearray(), bytes(stride - 1)
    for row in range(height):
        line = rows[row * stride : (row + 1) * stride]
        assert line[0] in {0, 2}
        up = above if line[0] == 2 else bytes(stride - 1)
        above = bytes((x + y) % 256 for x, y in zip(line[1:], up, strict=True))
        bits = "".join(f"{byte:08b}" for byte in above)[:width]
        grey += bytes(255 * int(bit) for bit in bits)
    return memoryview(bytes(grey)).cast("B", shape=[height, width])


def test_a_bundle_may_come_as_fhir_itself_with_the_rest_beside_it(site):
    headers = {"x-api-key": site.api_key, "content-type": "application/fhir+json; charset=utf-8"}
    answer = site.call(
        "POST", "/offers?recordTypes=AllergySummary", body=PATIENT.read_bytes(), headers=headers
    )
    assert answer.status == 201, answer.body
    assert answer.json()["recordTypes"] == ["AllergySummary"]


def test_only_the_wanted_records_are_offered(site):
    answer = offer(site, {"bundle": bundle(), "recordTypes": ["PatientIdentity"]})
    assert answer.json()["recordTypes"] == ["PatientIdentity"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "json.invalid"),
        (b"[]", "offer.request"),
        ({}, "offer.request"),
        ({"bundle": []}, "offer.request"),
        ({"bundle": {}, "else": 1}, "offer.request"),
        ({"bundle": {}, "recordTypes": "AllergySummary"}, "offer.request"),
        ({"bundle": {}, "recordTypes": [1]}, "offer.request"),
        ({"bundle": {}, "subject": 1}, "offer.request"),
    ],
)
def test_a_malformed_request_is_refused(site, value, code):
    answer = offer(site, value)
    assert (answer.status, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("types", [["Nothing"], ["AllergySummary", "AllergySummary"]])
def test_a_wrong_record_type_is_refused(site, types):
    answer = offer(site, {"bundle": bundle(), "recordTypes": types})
    assert (answer.status, answer.json()["code"]) == (400, "offer.record_type")


def test_a_bundle_without_a_person_is_refused_with_the_readers_words(site):
    answer = offer(site, {"bundle": {"resourceType": "Bundle", "type": "collection"}})
    assert 400 <= answer.status < 500
    assert answer.json()["help"]


def test_a_record_larger_than_eight_mebibytes_is_refused(site):
    answer = offer(site, b" " * (8 * 1_048_576 + 1))
    assert (answer.status, answer.json()["code"]) == (413, "limit.size")
    assert offer(site, b" " * (8 * 1_048_576)).status == 400


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer x"}, {"x-api-key": ""}, {"authorization": "Basic x"}]
)
def test_without_a_known_key_nothing_is_offered(site, headers):
    answer = offer(site, {"bundle": bundle()}, headers=headers)
    assert (answer.status, answer.json()["code"]) == (401, "http.unauthorized")


def test_htt_019_trying_keys_out_is_slowed_and_a_right_key_is_never_kept_waiting(site):
    statuses = [offer(site, {}, headers={"x-api-key": str(i)}).status for i in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    assert offer(site, {"bundle": bundle()}).status == 201


def test_sta_024_a_key_without_the_role_changes_no_status(site):
    key = add_client(
        site.settings.api_keys, name="desk", random=secrets.token_bytes, roles=(Role.OFFER,)
    ).key
    site.reopen()
    body = b'{"change":"withdraw"}'
    headers = {"x-api-key": key}
    answer = site.call("POST", "/issuances/any/status", body=body, headers=headers)
    assert (answer.status, answer.json()["code"]) == (403, "forbidden")
    assert site.call("GET", "/issuances", headers=headers).status == 403


def test_a_practice_sees_and_withdraws_what_was_issued_for_its_offers(site):
    told = offer(site, {"bundle": bundle(), "recordTypes": ["AllergySummary"]}).json()
    made = site.offer()
    for parts in (told, None):
        wallet = Wallet(site, made)
        if parts is not None:
            wallet.made = _as_made(parts)
        assert wallet.ask_token().status == 200
        assert wallet.ask_credential().status == 200
    headers = {"x-api-key": site.api_key}
    listed = site.call("GET", f"/issuances?offer={told['offerId']}", headers=headers).json()
    [entry] = listed["issuances"]
    assert (entry["recordType"], entry["status"], entry["copies"]) == ("AllergySummary", "valid", 2)
    path = f"/issuances/{entry['id']}/status"
    changed = site.call("POST", path, body=b'{"change":"withdraw"}', headers=headers)
    assert changed.json()["status"] == "withdrawn"
    again = site.call("POST", path, body=b'{"change":"reinstate"}', headers=headers)
    assert (again.status, again.json()["code"]) == (409, "issuer.withdrawn")
    for body in (b"{}", b'{"change":"eat"}', b'{"change":"withdraw","x":1}'):
        assert site.call("POST", path, body=body, headers=headers).status == 400
    unknown = site.call(
        "POST", "/issuances/x/status", body=b'{"change":"suspend"}', headers=headers
    )
    assert (unknown.status, unknown.json()["code"]) == (404, "issuer.issuance_unknown")


def _as_made(told):
    """What a wallet needs of an offer that was told over HTTP."""

    class Made:
        offer = oid4vci.parse_offer(json.dumps(told["credential_offer"]))
        pin = told["pin"]
        id = told["offerId"]

    return Made
