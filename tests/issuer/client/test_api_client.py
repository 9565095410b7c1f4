"""The client of the API over a real server with TLS, and the lines of docs/api.md as they stand."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
import uvicorn
from api_world import System, as_made, bundle, fresh_key
from repository import ROOT
from simulated_issuer import Site, Wallet
from simulated_web import write_tls

from healthpassport.errors import FetchError, ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.keys import load_signer, save_signer
from healthpassport.webhooks import key_of, signed_request
from issuer.client.api import (
    CardAsked,
    Change,
    IssuerApi,
    OfferAsked,
    ReceiverAsked,
    Secret,
    SignIn,
    connect,
)
from issuer.service.scopes import Scope

DOCS = ROOT / "docs" / "api.md"
PATIENCE = 120.0


@contextlib.contextmanager
def serving(app, listener, pem):
    config = uvicorn.Config(
        app,
        ssl_certfile=str(pem),
        ssl_keyfile=str(pem),
        log_level="critical",
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join(PATIENCE)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api-client")
    source = folder / "source"
    source.mkdir()
    (source / "agnes.json").write_text(json.dumps(bundle()))
    now = datetime.now(UTC)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port = listener.getsockname()[1]
        address = f"https://localhost:{port}"
        changes = {
            "iss": address,
            "certified_at": now,
            "source_folder": source,
            "client_request_burst": 10**6,
            "webhook_hosts": ("epr.example:443",),
        }
        site = Site(folder, changes, now)
        site.pem, site.address = write_tls(folder), address
        site.hosts = frozenset({f"localhost:{port}"})
        site.epr = System(site, "epr")
        with serving(site.app, listener, site.pem):
            yield site
        site.issuer.store.close()


def connected(world, **more):
    told = {"client": "epr", "secret": world.epr.secret} | more
    return connect(world.address, ca_file=world.pem, private_hosts=world.hosts, **told)


@pytest.fixture(scope="module")
def api(world):
    return connected(world)


def refused(call, *args, **more):
    with pytest.raises(ServiceError) as caught:
        call(*args, **more)
    return caught.value.code


def test_the_lines_of_the_page_run_as_they_stand(world, capsys):
    lines = re.findall(
        r"^```python\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    text = "\n".join(lines)
    here = f'connect("{world.address}", ca_file=PEM, private_hosts=HOSTS,'
    text = text.replace('connect("https://issuer.example",', here)
    born = next(
        entry["resource"]["birthDate"]
        for entry in bundle()["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    text = text.replace("1951-03-04", born)
    known = {
        "SECRET": world.epr.secret,
        "ORDER_NUMBER": fresh_key(),
        "RUN_NUMBER": fresh_key(),
        "keep": print,
        "PEM": world.pem,
        "HOSTS": world.hosts,
    }
    exec(compile(text, str(DOCS), "exec"), known)  # noqa: S102 - our own page
    said = capsys.readouterr().out
    assert "openid-credential-offer://" in said
    assert "source.number" in said
    assert (
        world.epr.enter().call("GET", f"/offers/{known['made'].offer_id}").json()["state"]
        == "cancelled"
    )
    request = signed_request(
        "msg_1",
        "https://epr.example/told",
        "{}",
        keys=[key_of(known["receiver"].secret)],
        now=datetime.now(UTC),
        agent="test",
    )
    assert known["told"](request.headers, request.body)
    assert not known["told"](request.headers, b"{ }")


def test_an_offer_is_followed_from_the_making_to_the_withdrawal(world, api):
    made = api.make_offer(OfferAsked(source="agnes.json", record_types=("AllergySummary",)))
    assert made.pin not in repr(made)
    assert api.offer(made.offer_id).state == "open"
    wallet = Wallet(world, as_made(made.credential_offer, made.pin))
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    [issued] = api.issuances(offer=made.offer_id)
    assert api.change_status(issued.id, Change.SUSPEND).status == "suspended"
    assert api.change_status(issued.id, Change.WITHDRAW).status == "withdrawn"
    assert refused(api.change_status, issued.id, Change.REINSTATE) == "issuer.withdrawn"
    assert refused(api.cancel_offer, made.offer_id) == "offer.over"
    assert made.offer_id in [one.id for one in api.offers()]


def test_the_same_key_makes_one_offer(api):
    asked, key = OfferAsked(source="agnes.json"), fresh_key()
    one, two = (api.make_offer(asked, key=key) for _ in range(2))
    assert one == two
    other = OfferAsked(source="agnes.json", record_types=("PatientIdentity",))
    assert refused(api.make_offer, other, key=key) == "api.idempotency_reused"


def test_everything_else_that_it_can_do(world, api):
    assert api.make_card(CardAsked(source="agnes.json")).card
    made = api.add_webhook(ReceiverAsked(url="https://epr.example/told"))
    assert made.secret not in repr(made)
    assert made.id in [one.id for one in api.webhooks()]
    assert api.renew_webhook_secret(made.id).startswith("whsec_")
    api.end_webhook(made.id)
    assert refused(api.end_webhook, made.id) == "api.webhook_unknown"
    assert api.messages() == api.messages(dead=True) == ()
    assert [one.ready for one in api.sources()] == [True]
    assert api.reports(answered=True) == ()
    assert refused(api.report, "../offers") in {"report.unknown", "not_found"}


def test_a_key_signs_in_as_well_and_a_token_is_kept(world, tmp_path):
    system = System(world, "keyed-epr", frozenset({Scope.OFFERS_READ}), keyed=True)
    signer = load_signer(save_signer(system.signer, tmp_path / "epr.pem"))
    keyed = connected(world, client="keyed-epr", secret="", signer=signer)
    assert list(keyed.offers()) == []
    token = keyed.sign_in.token()
    assert keyed.sign_in.token() == token
    assert refused(keyed.make_offer, OfferAsked(source="agnes.json")) == "api.insufficient_scope"
    assert refused(connected(world, secret="hps_wrong").sources) == "api.invalid_client"
    assert refused(connected(world, scope="everything").sources) == "api.invalid_scope"


def test_it_goes_over_tls_alone_to_who_it_says(world, tmp_path):
    other = write_tls(tmp_path)
    strange = connect(
        world.address, client="epr", secret="x", ca_file=other, private_hosts=world.hosts
    )
    with pytest.raises(FetchError) as caught:
        SignIn(world.address, strange.sign_in.proof, strange.fetcher, strange.sign_in.clock).token()
    assert caught.value.code == "net.tls"
    inside = connect(world.address, client="epr", secret="x", ca_file=world.pem)
    with pytest.raises(FetchError) as caught:
        inside.sign_in.token()
    assert caught.value.code == "ssrf.blocked"


class Flaky:
    """Answers as it was told, in turn; keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def fetch(self, request):
        self.asked.append(request)
        if request.url.endswith("/clients/token"):
            token = {"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": ""}
            return HttpResponse(200, {}, json.dumps(token).encode())
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise FetchError(answer)
        return answer

    @property
    def calls(self):
        return [one for one in self.asked if not one.url.endswith("/clients/token")]


def flaky(*answers):
    fetcher, waits = Flaky(*answers), []
    clock = lambda: datetime(2026, 11, 26, tzinfo=UTC)  # noqa: E731
    sign_in = SignIn("https://i.example", Secret("epr", "s"), fetcher, clock)
    api = IssuerApi("https://i.example", sign_in, fetcher, bytes, waits.append)
    return api, fetcher, waits


def said(status, value=None, **headers):
    return HttpResponse(status, headers, json.dumps(value or {}).encode())


SOURCES = said(200, {"sources": []})
SECRET = said(201, {"secret": "whsec_x"})
BUSY = said(409, {"code": "api.idempotency_in_flight"}, **{"retry-after": "1"})


def test_what_fails_by_chance_is_tried_again_with_the_same_key():
    api, fetcher, waits = flaky("net.timeout", said(503), said(429, **{"retry-after": "7"}), SECRET)
    assert api.renew_webhook_secret("w") == "whsec_x"
    assert len({one.headers["idempotency-key"] for one in fetcher.calls}) == 1
    assert waits == [0.5, 1.0, 7.0]
    api, _, waits = flaky(BUSY, SECRET)
    assert api.renew_webhook_secret("w") == "whsec_x"
    assert waits == [1.0]


def test_it_gives_up_after_four_tries_and_waits_within_bounds():
    api, _, waits = flaky(*["net.unreachable"] * 4)
    with pytest.raises(FetchError):
        api.sources()
    assert waits == [0.5, 1.0, 2.0]
    api, _, waits = flaky(*[said(429, {"code": "rate_limited"}, **{"retry-after": "9999"})] * 4)
    assert refused(api.sources) == "rate_limited"
    assert waits == [10.0] * 3


def test_another_refusal_is_raised_at_once_and_a_token_that_ended_is_renewed_once():
    api, fetcher, waits = flaky(said(404, {"code": "offer.unknown"}))
    assert refused(api.offer, "x") == "offer.unknown"
    ended = said(401, {"code": "api.invalid_token"})
    api, fetcher, waits = flaky(ended, SOURCES)
    assert api.sources() == ()
    assert len(fetcher.asked) == 4
    api, fetcher, waits = flaky(ended, ended)
    assert refused(api.sources) == "api.invalid_token"
    assert waits == []


def test_an_end_is_asked_for_once():
    api, fetcher, _ = flaky("net.timeout")
    with pytest.raises(FetchError):
        api.end_webhook("w")
    assert len(fetcher.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [said(200, {"sources": [{"kind": 1}]}), HttpResponse(200, {}, b"<html>"), said(500), said(302)],
)
def test_an_answer_that_is_none_is_said_to_be_so(answer):
    api, _, _ = flaky(answer)
    assert refused(api.sources) == "api.answer"


def test_no_id_leads_to_another_address():
    api, fetcher, _ = flaky(said(404, {"code": "not_found"}))
    assert refused(api.offer, "../issuances?x=1") == "not_found"
    assert fetcher.calls[0].url == "https://i.example/offers/..%2Fissuances%3Fx%3D1"


def test_it_needs_no_server_and_no_database():
    code = (
        "import sys, issuer.client.api;"
        "print([n for n in ('fastapi', 'starlette', 'uvicorn', 'sqlalchemy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == b"[]"
