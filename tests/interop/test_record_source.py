"""The issuer against other people's FHIR engine and sign-in, over https: find, read, read again.

Medplum's engine answers the searches, jose checks the assertion. It tells how many there are and no
next page: what it cuts off is never taken for all of it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from fhir_examples import ASTHMA, PEANUT, allergy, concept, medicine, problem, vaccination
from hospital_store import person
from interop.record_server import started
from record_system import CLIENT, wrong
from returning_wallet import Returning, texts
from simulated_issuer import Site

from demo.tls import make_tls_files
from healthpassport.errors import SourceError
from healthpassport.keys import generate_signer, save_signer
from healthpassport.protocols.smart import load_client_key, public_jwks
from issuer import service
from issuer.client import Person
from issuer.service.sources import source

pytestmark = pytest.mark.node
KINDS = (
    *("Patient", "AllergyIntolerance", "MedicationRequest", "Condition", "Immunization"),
    *("Procedure", "List", "Encounter"),
)
ROWAN, TWIN = "9990000018", "9990000026"


def of(number, resource):
    named = {"reference": f"Patient/@{number}"}
    return {n: v for n, v in resource.items() if n not in {"patient", "subject"}} | {
        ("patient" if "patient" in resource else "subject"): named
    }


RESOURCES = [
    of(0, allergy(PEANUT)),
    of(0, allergy(concept("1003755004", "Allergy to latex"))),
    of(0, problem(ASTHMA)),
    of(0, vaccination() | {"occurrenceDateTime": "2019-10-01"}),
    of(0, medicine(kind="MedicationRequest", intent="order")),
    of(1, allergy(concept("294505008", "Allergy to amoxicillin"))),
    *(of(2, allergy(concept("294505008", text=f"Allergy {n}"))) for n in range(120)),
]


@pytest.fixture(scope="module")
def site(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("source")
    uri = save_signer(generate_signer("ES384"), home / "source.pem")
    setup = {
        "kinds": KINDS,
        "jwks": public_jwks(load_client_key(uri)),
        "client": CLIENT,
        "people": [
            person(),
            person(number=TWIN, given="Twin"),
            person(number="9990000034", family="Other", born="1990-01-01"),
        ],
        "resources": RESOURCES,
    }
    with started(request.config.cache, home, **setup) as (port, tls):
        changes = {
            "source_fhir_url": f"https://localhost:{port}/r4",
            "source_fhir_client_id": CLIENT,
            "source_fhir_key": uri,
            "source_ca_file": tls.ca,
            "source_private_hosts": (f"localhost:{port}",),
            "source_call_seconds": 20,
        }
        made = Site(tmp_path_factory.mktemp("issuer"), changes)
        made.issuer.sources["fhir"]._exchange._clock = lambda: datetime.now(UTC)
        made.issuer.sources["fhir"]._exchange._smart._clock = lambda: datetime.now(UTC)
        yield made
        made.issuer.store.close()


def named(site, **who):
    return source(site.issuer).find(Person(**who))


def test_people_are_found_by_a_server_that_is_not_ours(site):
    (rowan,) = named(site, nhs_number=ROWAN)
    assert (rowan.family_name, rowan.given_names) == ("Example", ("Given",))
    both = named(site, family_name="EXAMPLE", birth_date="1958-07-14")
    assert {one.nhs_number for one in both} == {ROWAN, TWIN}
    (twin,) = named(site, family_name="Example", birth_date="1958-07-14", given_names=("Twin",))
    assert twin.nhs_number == TWIN
    assert named(site, nhs_number="9999999999") == ()


def test_an_offer_is_made_of_its_notes_and_read_again_at_refresh(site):
    (rowan,) = named(site, nhs_number=ROWAN)
    made = service.offer_source(site.issuer, client="practice", name=rowan.name)
    assert {"AllergySummary", "MedicationSummary", "ProblemSummary"} <= set(made.record_types)
    wallet = Returning.of(site, made)
    assert set(texts(wallet.ask_credential())) == {"Allergy to peanut", "Allergy to latex"}
    site.pass_time(days=10)
    assert wallet.refresh().status == 200
    assert set(texts(wallet.ask_credential())) == {"Allergy to peanut", "Allergy to latex"}


def test_what_the_engine_cuts_off_without_a_next_page_is_not_taken_for_all(site):
    (other,) = named(site, nhs_number="9990000034")
    with wrong("source.incomplete"):
        source(site.issuer).read(other.name)


def test_a_patient_that_the_server_does_not_have_is_unknown(site):
    with wrong("source.unknown"):
        source(site.issuer).read("00000000-0000-4000-8000-000000000000")


def test_what_the_engine_can_is_told_to_the_engineer(site):
    told = source(site.issuer).describe()
    assert told[0] == "notes are read by search"
    assert "told as missing: devices" in told
    assert "told as missing: allergies" not in told


@contextmanager
def hostile(home, answer, hold=30):
    """A TLS server that sends ``answer`` to whoever asks, and then nothing; its port and CA."""
    tls = make_tls_files(home, now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve():
        while not done.is_set():
            try:
                plain, _ = listening.accept()
                with context.wrap_socket(plain, server_side=True) as secured:
                    secured.recv(65_536)
                    secured.sendall(answer)
                    done.wait(hold)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], tls
    finally:
        done.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(60)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\n"
HANGING = {
    "at once": b"",
    "in the header": HEAD,
    "in the body": HEAD + b"content-length: 99\r\n\r\n{",
}
LYING = {
    "redirects inside": (
        b"HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1/x\r\ncontent-length: 0\r\n\r\n",
        "source.setup",
    ),
    "says it is huge": (HEAD + b"content-length: 99999999999\r\n\r\n{", "source.too_large"),
    "is no HTTP": (b"SSH-2.0-x\r\n\r\n", "source.answer"),
}


def code_of_reading(tmp_path, answer, **settings):
    with hostile(tmp_path / "tls", answer) as (port, tls):
        changes = {
            "source_fhir_url": f"https://localhost:{port}/r4",
            "source_ca_file": tls.ca,
            "source_private_hosts": (f"localhost:{port}",),
        }
        site = Site(tmp_path, changes | settings)
        with pytest.raises(SourceError) as caught:
            source(site.issuer).read("p")
        site.issuer.store.close()
        return caught.value.code


@pytest.mark.parametrize("where", HANGING)
def test_a_server_that_hangs_is_left_in_time(where, tmp_path):
    times = {"source_call_seconds": 0.4, "source_seconds": 0.4}
    # Which of them depends on where the time ran out.
    assert code_of_reading(tmp_path, HANGING[where], **times) in {
        "source.timeout",
        "source.too_large",
    }


@pytest.mark.parametrize("how", LYING)
def test_a_server_that_lies_on_the_wire_gives_nothing(how, tmp_path):
    answer, code = LYING[how]
    assert code_of_reading(tmp_path, answer) == code
