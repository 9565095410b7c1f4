"""What an issuer must not keep, and what a record must not tell (attacks.json, privacy)."""

from __future__ import annotations

import copy
import json
import logging
from datetime import datetime
from pathlib import Path

import pytest
from fhir_examples import PATIENT, SNOMED, allergy, bundle, concept, problem
from simulated_issuer import Site, Wallet

from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer
from issuer import service
from issuer.fhir.sensitive import sign_sensitive_codes

PATIENTS = sorted((Path(__file__).resolve().parents[2] / "demo" / "patients").glob("*.json"))
MIN_LENGTH = 6  # characters of a value that does not occur by chance


def offer(site, body):
    headers = {"authorization": f"Bearer {site.api_key}"}
    return site.call("POST", "/offers", body=json.dumps(body).encode(), headers=headers)


def values(part):
    """Every text of a bundle that says something of somebody."""
    if isinstance(part, dict):
        return {v for name, entry in part.items() if name != "resourceType" for v in values(entry)}
    if isinstance(part, list):
        return {v for entry in part for v in values(entry)}
    text = str(part)
    is_word = text.isascii() and text.isalpha() and text.islower()  # such as "active"
    is_name = text.startswith(("http", "urn:"))
    return set() if is_word or is_name or len(text) < MIN_LENGTH else {text}


def wallet_for(site, told):
    """A wallet with the offer that the practice was told, and its PIN."""
    uri = told["credential_offer_uri"]
    offered = service.offer_at(site.issuer, uri.rpartition("/")[2])
    ends = datetime.fromisoformat(told["expiresAt"])
    types = tuple(told["recordTypes"])
    wallet = Wallet(
        site,
        service.NewOffer(told["offerId"], offered, uri, told["link"], told["pin"], ends, types),
    )
    assert wallet.ask_token().status == 200
    return wallet


def claimed(site, told):
    """Every record that was offered is collected."""
    wallet = wallet_for(site, told)
    for record_type in told["recordTypes"]:
        answer = wallet.ask_credential(record_type)
        assert answer.status == 200, answer.body


@pytest.fixture
def places(tmp_path, monkeypatch, caplog):
    """Everything that a process may leave behind: its folder, temporary files, its log."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)

    def left():
        files = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
        return files + caplog.text.encode()

    return left


@pytest.mark.parametrize("path", PATIENTS[:3], ids=lambda path: path.stem)
@pytest.mark.parametrize("end", ["claimed", "expired", "refused"])
def test_prv_006_no_value_of_a_bundle_is_left_anywhere(tmp_path, places, capfd, path, end):
    (tmp_path / "site").mkdir()
    site = Site(tmp_path / "site")
    held = json.loads(path.read_bytes())
    if end == "refused":
        held = copy.deepcopy(held)
        held["entry"].append(
            {"resource": PATIENT | {"id": "somebody-else", "birthDate": "1931-02-03"}}
        )
    answer = offer(site, {"bundle": held})
    if end == "refused":
        assert 400 <= answer.status < 500
        told = answer.body
    else:
        told = b""
        assert answer.status == 201, answer.body
    if end == "claimed":
        claimed(site, answer.json())
    site.pass_time(minutes=20)
    service.sweep(site.issuer)
    site.issuer.store.wipe()
    left = places() + "".join(capfd.readouterr()).encode() + told
    own = {"A12345", "Example Surgery"}
    found = {value for value in values(held) - own if value.encode() in left}
    assert not found


def test_prv_006_the_search_finds_what_a_careless_log_says(places):
    logging.getLogger("issuer").warning("patient %s", "Penhallow")
    assert b"Penhallow" in places()


# -- restricted people, and what is left out ------------------------------------------------

ADDRESS = {"line": ["1 Hidden Lane"], "city": "Secretton", "postalCode": "ZZ99 3WZ"}
SURGERY = {
    "resourceType": "Organization",
    "id": "o",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Q98765"}],
    "name": "Nearby Surgery",
    "address": [ADDRESS],
}


@pytest.mark.parametrize("label", ["R", "V"])
def test_prv_009_a_restricted_person_gets_no_record_and_the_refusal_names_no_place(tmp_path, label):
    site = Site(tmp_path)
    person = PATIENT | {
        "meta": {"security": [{"code": label}]},
        "address": [ADDRESS],
        "managingOrganization": {"reference": "Organization/o"},
    }
    answer = offer(site, {"bundle": bundle(person, SURGERY, allergy())})
    assert (answer.status, answer.json()["code"]) == (403, "fhir.restricted")
    for word in (b"Hidden", b"Secretton", b"ZZ99", b"Q98765", b"Nearby", b"9990000018"):
        assert word not in answer.body
        assert word not in site.files()
    assert service.issued(site.issuer) == ()


HIDDEN = concept("999000001", "Made-up condition")


def codes_for(folder):
    signer = generate_signer()
    document = {
        "version": 1,
        "issuedAt": "2026-10-01T00:00:00Z",
        "sets": [
            {
                "refset": "999004351000000109",
                "codes": [{"system": SNOMED, "code": "999000001"}],
                "texts": [],
            }
        ],
    }
    (folder / "codes.jws").write_text(sign_sensitive_codes(document, signer), encoding="ascii")
    (folder / "signer.json").write_text(json.dumps(signer.public_key.jwk()))
    return {
        "sensitive_codes": folder / "codes.jws",
        "sensitive_codes_key": folder / "signer.json",
    }


def shapes(wallet, record_types):
    """What two people could compare: every claim but those that are fresh each time."""
    found = {}
    for record_type in record_types:
        [first, *_] = wallet.ask_credential(record_type, copies=1).json()["credentials"]
        held = sd_jwt_vc.open_held(first["credential"])
        parts = first["credential"].split("~")
        shape = [len(part) for part in parts[:-1]]
        open_claims = {
            name: value
            for name, value in held.payload.items()
            if name not in {"cnf", "status", "iat", "exp", "_sd"}
        }
        found[record_type] = (open_claims, len(parts), sorted(shape[1:]))
    return found


def test_prv_004_who_has_entries_left_out_holds_records_like_those_of_who_has_none(tmp_path):
    found = []
    for name, more in (("with", [problem(HIDDEN), allergy(HIDDEN)]), ("without", [])):
        folder = tmp_path / name
        folder.mkdir()
        site = Site(folder, codes_for(folder))
        held = bundle(PATIENT, problem(), allergy(), *more)
        told = offer(site, {"bundle": held}).json()
        wallet = wallet_for(site, told)
        found.append((told["recordTypes"], shapes(wallet, told["recordTypes"])))
    assert found[0] == found[1]
