"""The audit trail says who and what, never clinical values: with whole bundles, by every way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from shared_inputs import shared
from simulated_issuer import Site, Wallet

from healthpassport.audit import Actor
from healthpassport.errors import PassportError
from healthpassport.summary import issued_types
from issuer import service
from issuer.service import Change, audit_keeping

PATIENTS = sorted((Path(__file__).resolve().parents[2] / "demo" / "patients").glob("*.json"))
STAFF = Actor("A12345", "console", "dr.jones@example", "clinician")
SHORTEST = 5
OWN = {"A12345"}  # this issuer
TYPES = re.compile("|".join(f'"{name}"' for name in issued_types()))
RANDOM = re.compile(r'"[A-Za-z0-9_-]{22}"|"[A-Za-z0-9_-]{43}"|"[\w-]+\.[\w-]+\.[\w-]+"')


def texts(part):
    """Every value of a bundle that says something of somebody."""
    if isinstance(part, dict):
        return {t for name, one in part.items() if name != "resourceType" for t in texts(one)}
    if isinstance(part, list):
        return {t for one in part for t in texts(one)}
    text = str(part)
    is_name = text.startswith(("http", "urn:"))
    is_word = text.isascii() and text.isalpha() and text.islower()
    return set() if is_name or is_word or len(text) < SHORTEST else {text}


def played(site, bundle):
    """Everything that can be done with one bundle: offered, collected, told, withdrawn."""
    offer = service.offer_bundle(site.issuer, client="practice", bundle=bundle, who=STAFF)
    wallet = Wallet(site, offer)
    wrong = "000000" if offer.pin != "000000" else "111111"
    wallet.ask_token(wrong)
    wallet.ask_token()
    wallet.ask_token()
    for name in offer.record_types:
        assert wallet.ask_credential(name, copies=1).status == 200
        wallet.ask_credential(name, copies=2)
    for issued in service.issued(site.issuer):
        service.change_status(site.issuer, issuance=issued.id, change=Change.SUSPEND, who=STAFF)
    return offer


def trail(site):
    """The trail without types of records, and what is random: any letters may stand there."""
    lines = b"".join(audit_keeping.exported(site.issuer, who=STAFF)).decode()
    return TYPES.sub("", RANDOM.sub("", lines))


def clean(site, held):
    """No value of the bundle stands in the trail."""
    told = trail(site)
    found = {text for text in texts(held) - OWN if text in told}
    assert not found
    return told


@pytest.mark.parametrize("path", PATIENTS[:2], ids=lambda path: path.stem)
def test_no_value_of_a_patients_bundle_is_in_the_trail(tmp_path, path):
    site = Site(tmp_path)
    held = path.read_bytes()
    offer = played(site, held)
    told = clean(site, json.loads(held))
    whole = site.files().decode(errors="replace")
    assert f'"{offer.pin}"' not in told
    assert offer.offer.grants.pre_authorized.code not in whole
    assert offer.uri.rpartition("/")[2] not in whole
    assert "record.issued" in told
    assert "dr.jones@example" in told
    site.issuer.store.close()


def test_the_search_finds_a_value_that_somebody_wrote_as_a_name(tmp_path):
    site = Site(tmp_path)
    site.issuer.audit.write("sign_out.made", who=Actor("A12345", "console", "Penhallow"))
    with pytest.raises(AssertionError):
        clean(site, {"family": "Penhallow"})
    site.issuer.store.close()


def test_what_is_refused_with_a_bundle_leaves_no_value_either(tmp_path):
    site = Site(tmp_path)
    held = json.loads(PATIENTS[0].read_bytes())
    other = json.loads(PATIENTS[1].read_bytes())
    held["entry"] += other["entry"]
    with pytest.raises(PassportError):
        service.offer_bundle(
            site.issuer, client="practice", bundle=json.dumps(held).encode(), who=STAFF
        )
    clean(site, held)
    site.issuer.store.close()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["synthea-r4/Louis_Miller_*", "nhs-gpconnect-structured-stu3/*E2EPWTP2.json"]
)
def test_no_value_of_a_published_bundle_is_in_the_trail(tmp_path, name):
    site = Site(tmp_path)
    [path] = shared("fhir").glob(name)
    played(site, path.read_bytes())
    assert "record.issued" in clean(site, json.loads(path.read_bytes()))
    site.issuer.store.close()
