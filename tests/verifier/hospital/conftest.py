"""One desk for all tests of the record system; each test brings a record system of its own."""

from __future__ import annotations

import hashlib
import json
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from desk_world import Clock, make_desk
from hospital_desk import answered, write_key
from hospital_store import BASE, CLIENT, MRN, HospitalStore

from verifier.client import load_client_key, public_jwks
from verifier.service.hospital import open_hospital


@pytest.fixture(scope="package")
def clock():
    return Clock()


@pytest.fixture(scope="package")
def ready(world, tmp_path_factory, clock):
    home = tmp_path_factory.mktemp("hospital")
    key = hashlib.sha256(b"ward-key").hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": key}))
    write_key(home / "fhir.key", ec.generate_private_key(ec.SECP384R1()))
    made = make_desk(
        world,
        home,
        clock=clock,
        fhir_url=BASE,
        fhir_client_id=CLIENT,
        fhir_number_system=MRN,
        fhir_match=True,
    )
    yield made
    made.shut()


@pytest.fixture
def store(ready):
    return HospitalStore(keys=public_jwks(load_client_key(ready.settings.fhir_key_uri)))


@pytest.fixture
def desk(ready, store, clock):
    ready.hospital = open_hospital(
        ready.settings, clock=clock, random=secrets.token_bytes, fetcher=store
    )
    return ready


@pytest.fixture(scope="package")
def shown(world, ready):
    """One result that every test may look at."""
    return answered(world, ready)
