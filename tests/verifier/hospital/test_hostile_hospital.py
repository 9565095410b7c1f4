"""A record system that hangs, floods, lies or breaks off: refused in words, and nothing leaks."""

from __future__ import annotations

import json
import socket
import struct
import threading
from dataclasses import replace

import pytest
from desk_world import code_of
from hospital_store import BASE, HospitalStore, person
from hypothesis import given
from hypothesis import strategies as st
from simulated_web import answer, page, serve, write_tls
from structlog.testing import capture_logs

from healthpassport.encoding import dump_json
from healthpassport.errors import FetchError, Party, PassportError, ServiceError, catalogue
from healthpassport.fetch import HttpResponse, HttpsFetcher
from verifier.client import HospitalServer, Smart, load_client_key
from verifier.client.demographics import read_patient
from verifier.client.server import MAX_FOUND, Outcome
from verifier.service import Expected
from verifier.service.hospital import Hospital, completed

FHIR = "Content-Type: application/fhir+json\r\n"
BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": {}}] * 2}
PEOPLE = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": person()}]}
SECRET = "9990000018"


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return write_tls(tmp_path_factory.mktemp("tls"))


def server_at(pem, found):
    fetcher = HttpsFetcher(ca_file=pem, allowed_private_hosts=found.allowed, timeout=0.5)
    return HospitalServer(found.url, smart=None, fetcher=fetcher)


def said_by(status=200, body=PEOPLE, kind="application/fhir+json"):
    """A server that always answers so."""

    class Always:
        def fetch(self, _request):
            data = body if isinstance(body, bytes) else dump_json(body)
            return HttpResponse(status, {"content-type": kind}, data)

    return HospitalServer(BASE, smart=None, fetcher=Always())


def search(server):
    return server.by_nhs_number(SECRET)


def test_a_server_that_hangs_is_left_after_the_time_that_it_has(pem):
    over = threading.Event()
    with serve(pem, lambda _connection, _request: over.wait(5)) as found:
        assert code_of(search, server_at(pem, found)) == "hospital.timeout"
        assert code_of(server_at(pem, found).transact, BUNDLE) == "hospital.unknown"
        over.set()


def test_ten_megabytes_are_not_read(pem):
    flood = page(b"[" + b" " * 10_000_000 + b"]", headers=FHIR)
    with serve(pem, flood) as found:
        assert code_of(search, server_at(pem, found)) == "hospital.answer"
        assert code_of(server_at(pem, found).transact, BUNDLE) == "hospital.unknown"


def test_a_redirect_is_not_followed(pem):
    away = answer(
        b"HTTP/1.1 307 X\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n"
    )
    with serve(pem, away) as found:
        assert code_of(search, server_at(pem, found)) == "hospital.answer"


def test_an_answer_that_breaks_off_after_a_transaction_was_sent_is_never_called_unwritten(pem):
    with serve(pem, answer(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")) as found:
        assert code_of(server_at(pem, found).transact, BUNDLE) == "hospital.unknown"


def hang_up(connection, _request):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    "behave",
    [
        lambda _connection, _request: None,
        hang_up,
        answer(b"HTTP/1.1 307 X\r\nLocation: https://127.0.0.1:1/\r\n\r\n"),
    ],
    ids=["closes", "resets", "sends inside"],
)
def test_a_server_that_took_a_transaction_and_hung_up_is_never_called_unreached(pem, behave):
    with serve(pem, behave) as found:
        assert code_of(server_at(pem, found).transact, BUNDLE) == "hospital.unknown"


def test_a_server_that_is_not_there_took_nothing(pem):
    with serve(pem, page(b"")) as found:
        gone = server_at(pem, found)
    assert code_of(gone.transact, BUNDLE) == "hospital.unreachable"
    fetcher = HttpsFetcher(ca_file=pem, timeout=0.5)  # a private address that nobody allowed
    inside = HospitalServer("https://localhost:1", smart=None, fetcher=fetcher)
    assert code_of(inside.transact, BUNDLE) == "hospital.unreachable"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, PEOPLE, "text/html", "hospital.answer"),
        (200, PEOPLE, "application/fhir+xml", "hospital.answer"),
        (200, b"{", "application/fhir+json", "hospital.answer"),
        (
            200,
            b'{"resourceType": "Bundle", "resourceType": "x"}',
            "application/json",
            "hospital.answer",
        ),
        (200, b"[" * 100_000, "application/fhir+json", "hospital.answer"),
        (200, {"resourceType": "Patient"}, "application/fhir+json", "hospital.answer"),
        (200, {"resourceType": "Bundle", "entry": {}}, "application/json", "hospital.answer"),
        (200, {"resourceType": "Bundle", "entry": [1]}, "application/json", "hospital.answer"),
        (
            200,
            {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Group"}}]},
            "application/json",
            "hospital.answer",
        ),
        (
            200,
            {"resourceType": "Bundle", "entry": [{"resource": {**person(), "id": "../x"}}]},
            "application/json",
            "hospital.answer",
        ),
        (
            200,
            {"resourceType": "Bundle", "entry": [{"resource": person()}] * (MAX_FOUND + 1)},
            "application/json",
            "hospital.ambiguous",
        ),
        (200, {**PEOPLE, "link": [{"relation": "next"}]}, "application/json", "hospital.ambiguous"),
        (401, PEOPLE, "application/fhir+json", "hospital.sign_in"),
        (403, PEOPLE, "application/fhir+json", "hospital.forbidden"),
        (404, PEOPLE, "application/fhir+json", "hospital.refused"),
        (422, b"not json", "text/plain", "hospital.refused"),
        (500, PEOPLE, "application/fhir+json", "hospital.answer"),
        (304, b"", "", "hospital.refused"),
    ],
)
def test_a_search_that_is_answered_with_something_else_is_refused(status, body, kind, code):
    assert code_of(search, said_by(status, body, kind)) == code


def replied(*statuses, **changes):
    rows = [{"response": {"status": one, "location": "Flag/1"}} for one in statuses]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": rows, **changes}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, replied("201"), "hospital.unknown"),
        (200, replied("201", "201", "201"), "hospital.unknown"),
        (200, replied("201", "201", type="batch-response"), "hospital.unknown"),
        (200, replied("201", "201", entry={}), "hospital.unknown"),
        (200, b"", "hospital.unknown"),
        (500, b"", "hospital.unknown"),
        (503, b"", "hospital.unknown"),
        (400, b"", "hospital.refused"),
        (412, b"", "hospital.refused"),
        (401, b"", "hospital.sign_in"),
        (403, b"", "hospital.forbidden"),
    ],
)
def test_a_transaction_that_is_answered_with_something_else_is_told_apart(status, body, code):
    assert code_of(said_by(status, body).transact, BUNDLE) == code


def test_a_transaction_that_half_failed_is_told_entry_by_entry():
    mixed = replied("201 Created", "422 Unprocessable")
    first, second = said_by(200, mixed).transact(BUNDLE)
    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.REFUSED)
    odd = {"resourceType": "Bundle", "type": "transaction-response", "entry": [{}, 7]}
    assert {one.outcome for one in said_by(200, odd).transact(BUNDLE)} == {Outcome.REFUSED}


def test_every_refusal_says_whose_side_it_is_on_and_what_to_do():
    known = {code: entry for code, entry in catalogue().items() if code.startswith("hospital.")}
    assert len(known) >= 15
    for entry in known.values():
        assert entry.party in {Party.VERIFIER, Party.NETWORK, Party.PERSON}
        assert entry.hint


def test_a_servers_own_words_are_neither_told_on_nor_logged():
    secret = {"code": "invalid", "diagnostics": f"patient {SECRET} Penicillin"}
    outcome = {"resourceType": "OperationOutcome", "issue": [secret, {"code": "Mr Secret 1"}, 7]}
    with capture_logs() as logs:
        with pytest.raises(ServiceError) as caught:
            search(said_by(422, outcome))
        completed(Hospital(said_by(422, outcome)), Expected(nhs_number=SECRET))
    words = json.dumps([caught.value.problem(), logs])
    for word in (SECRET, "Penicillin", "Secret", "diagnostics"):
        assert word not in words
    assert "invalid" in words


@pytest.mark.parametrize(
    ("configuration", "token", "code"),
    [
        ({}, None, "hospital.answer"),
        ({"token_endpoint": "http://sign-in.example/"}, None, "hospital.answer"),
        ({"token_endpoint": 7}, None, "hospital.answer"),
        (None, {}, "hospital.sign_in"),
        (None, {"access_token": "x", "token_type": "mac"}, "hospital.sign_in"),
        (None, {"access_token": "a b", "token_type": "bearer"}, "hospital.sign_in"),
        (None, {"access_token": "a\r\nb", "token_type": "bearer"}, "hospital.sign_in"),
        (None, {"access_token": "x" * 20_000, "token_type": "bearer"}, "hospital.sign_in"),
        (None, [], "hospital.answer"),
    ],
)
def test_a_sign_in_that_lies_is_refused(tmp_path, configuration, token, code):
    store = HospitalStore()
    store.bend = lambda request, made: (
        replace(made, status=200, body=json.dumps(token).encode())
        if request.method == "POST" and token is not None
        else replace(made, body=json.dumps(configuration).encode())
        if "well-known" in request.url and configuration is not None
        else made
    )
    assert code_of(smart_at(tmp_path, store).token) == code


def test_a_sign_in_that_is_away_is_told_as_the_networks(tmp_path):
    class Away:
        def fetch(self, _request):
            raise FetchError("net.timeout")

    assert code_of(smart_at(tmp_path, Away()).token) == "hospital.unreachable"


def smart_at(folder, fetcher):
    from datetime import UTC, datetime  # noqa: PLC0415

    from healthpassport.keys import generate_signer, save_signer  # noqa: PLC0415

    uri = save_signer(generate_signer("ES384"), folder / "fhir.key").replace("file://", "file:")
    return Smart(
        BASE,
        client_id="c",
        key=load_client_key(uri),
        scope="system/Patient.rs",
        fetcher=fetcher,
        clock=lambda: datetime.now(UTC),
        random=bytes,
    )


WORDS = st.sampled_from(["", "a", "replaced-by", "urn:x", "response", "status", "201"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def refusal(action, *arguments):
    """The code of a refusal, or nothing; anything else fails the test."""
    try:
        action(*arguments)
    except PassportError as error:
        return error.code
    return ""


@given(
    st.fixed_dictionaries(
        {"resourceType": st.just("Patient"), "id": st.just("p1")},
        optional=dict.fromkeys(("active", "name", "identifier", "birthDate", "link"), JSON),
    )
)
def test_any_patient_at_all_is_read_or_refused(resource):
    assert refusal(lambda: read_patient(resource, number_system="urn:x")) in {"", "hospital.answer"}


@given(JSON, JSON)
def test_any_bundle_at_all_is_read_or_refused(entry, links):
    body = {"resourceType": "Bundle", "type": "transaction-response", "entry": entry, "link": links}
    for ask in (search, lambda server: server.transact(BUNDLE)):
        assert refusal(ask, said_by(200, body)).partition(".")[0] in {"", "hospital"}
