"""The desk against other people's FHIR engine and sign-in, over https: find, write, write again.

One server for all tests here. It checks our assertion with jose and our searches, conditional
creates and references with Medplum's engine; fhir.resources validates what it then holds.
"""

from __future__ import annotations

import json
import secrets

import pytest
from desk_world import code_of, full_wallet, make_desk, make_world, opened, post
from fhir.resources.R4B import get_fhir_model_class
from hospital_desk import added, found
from hospital_store import CLIENT, KINDS, MRN, person
from interop.record_server import SOURCE, started

from healthpassport.fetch import HttpRequest, HttpsFetcher
from healthpassport.keys import generate_signer, save_signer
from verifier.client import Outcome, load_client_key, public_jwks
from verifier.service import Expected
from verifier.service.hospital import completed, open_hospital

pytestmark = pytest.mark.node
PEOPLE = [
    person(),
    person(number="9990000026", given="Twin"),
    person(number="9990000034", family="Other", born="1990-01-01"),
]


class Records:
    """The server, and the desk's settings for it."""

    def __init__(self, port, tls, home):
        self.url = f"https://localhost:{port}/r4"
        hosts = (f"localhost:{port}",)
        self.settings = {
            "fhir_url": self.url,
            "fhir_client_id": CLIENT,
            "fhir_key": f"file:{home / 'fhir.key'}",
            "fhir_number_system": MRN,
            "hospital_ca_file": tls.ca,
            "hospital_private_hosts": hosts,
        }
        self._fetcher = HttpsFetcher(
            ca_file=tls.ca, allowed_private_hosts=frozenset(hosts), timeout=60
        )

    def written(self):
        url = self.url.removesuffix("/r4") + "/written"
        return json.loads(self._fetcher.fetch(HttpRequest("GET", url)).body)


@pytest.fixture(scope="module")
def records(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("records")
    save_signer(generate_signer("ES384"), home / "fhir.key")
    setup = {
        "kinds": sorted(KINDS),
        "jwks": public_jwks(load_client_key(f"file:{home / 'fhir.key'}")),
        "client": CLIENT,
        "people": PEOPLE,
    }
    with started(request.config.cache, home, **setup) as (port, tls):
        yield Records(port, tls, home)


@pytest.fixture(scope="module")
def desk(records, tmp_path_factory):
    world = make_world(tmp_path_factory.mktemp("world"))
    made = make_desk(world, tmp_path_factory.mktemp("desk"), **records.settings)
    wallet = full_wallet(world)
    view, request = opened(made, wallet)
    post(made, view, wallet.answer(request))
    made.shown = view.id
    yield made
    made.shut()


def fitting(desk):
    return [one for one in found(desk, desk.look(desk.shown, desk="ward")) if one.may_be_chosen]


def add(desk, one):
    view = desk.look(desk.shown, desk="ward")
    return added(desk, view, one.patient.id, one.to_agree)


def test_a_result_is_added_by_a_server_that_is_not_ours(desk, records):
    (one,) = fitting(desk)
    assert one.strength == "sure"
    done = add(desk, one)
    assert {entry.outcome for entry in done.entries} == {Outcome.CREATED}
    written = records.written()
    assert len(written["AllergyIntolerance"]) == 2
    assert len(written["Patient"]) == len(PEOPLE)
    targets = {t["reference"] for p in written["Provenance"] for t in p["target"]}
    entries = ("AllergyIntolerance", "MedicationStatement", "Condition")
    assert targets == {f"{kind}/{one['id']}" for kind in entries for one in written[kind]}
    for kind, rows in written.items():
        for resource in rows:
            get_fhir_model_class(kind).model_validate(resource)
            assert "urn:uuid" not in json.dumps({**resource, "content": None})


def test_adding_it_again_writes_nothing_twice(desk, records):
    (one,) = fitting(desk)
    before = records.written()
    done = add(desk, one)
    assert {entry.outcome for entry in done.entries} == {Outcome.THERE_ALREADY}
    assert {k: len(v) for k, v in records.written().items()} == {
        k: len(v) for k, v in before.items()
    }


def test_its_twin_is_told_apart_by_number_and_name(desk):
    known = found(desk, desk.look(desk.shown, desk="ward"))
    assert [one.strength for one in known] == ["sure", "other"]


def test_whom_to_expect_comes_from_it(desk):
    known = completed(desk.hospital, Expected(nhs_number="9990000034"))
    assert (known.family_name, known.birth_date) == ("Other", "1990-01-01")


def test_a_key_that_it_does_not_know_is_not_let_in(desk, records, tmp_path):
    save_signer(generate_signer("ES384"), tmp_path / "other.key")
    changed = {"fhir_key": f"file:{tmp_path / 'other.key'}"}
    settings = desk.settings.model_copy(update=changed)
    stranger = open_hospital(settings, clock=desk.clock, random=secrets.token_bytes)
    summary = desk.look(desk.shown, desk="ward").summary
    assert code_of(stranger.find, summary) == "hospital.sign_in"


def test_its_packages_are_pinned_and_it_imports_no_others():
    package = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert all(version[0].isdigit() for version in package["dependencies"].values())
    assert not list(SOURCE.glob("*lock*"))
