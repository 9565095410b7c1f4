"""An unmodified third-party wallet receives from our issuer and presents to our desk.

It is told nothing but the CA of the servers and the trust anchors; issuer and desk run as in the
demonstration, over https on loopback.
"""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from interop.third_party import ThirdPartyWallet, WalletRefusedError, installed, program
from repository import ROOT

from demo.client import ApiClient
from demo.script import TEMPLATE
from demo.servers import LoopbackServer, free_ports
from demo.world import Ports, World
from healthpassport.summary import definition, record_types
from issuer import service
from issuer.api import create_app
from issuer.settings import Settings as IssuerSettings

PATIENTS = ROOT / "demo" / "patients"
PATIENT = PATIENTS / "rowan-ashdown.json"  # three active allergies
HEADINGS = {
    "rowan-ashdown": "Known allergies",
    "tobias-fenwick-obi": "No known allergies",
    "agnes-quillfeather": "Allergies unavailable",  # they stand in a table of text alone
}

pytestmark = pytest.mark.node

SHORT = 131_072  # places: as few as a list may have

TYPES = {definition(name).vct for name in record_types()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("interop") / "world", ports=Ports.free(), patience=60)
    # The wallet unpacks the list for every copy, and takes a quarter of a second for a whole one.
    made.issuer_settings = made.issuer_settings.model_copy(update={"status_list_size": SHORT})
    try:
        made.start()
        made.desk.update()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def wallet(world: World, request: pytest.FixtureRequest) -> ThirdPartyWallet:
    return ThirdPartyWallet(
        node=program("node"),
        folder=installed(request.config.cache.mkdir("third-party-wallet")),
        ca=world.tls.ca,
        anchors=trust_anchors(world),
    )


@pytest.fixture(scope="module")
def practice(world: World) -> ApiClient:
    return ApiClient(world.issuer_server.url, world.practice_key, world.fetcher)


@pytest.fixture(scope="module")
def hospital(world: World) -> ApiClient:
    return ApiClient(world.desk_server.url, world.desk_key, world.fetcher)


@pytest.fixture(scope="module")
def received(wallet: ThirdPartyWallet, practice: ApiClient) -> dict[str, Any]:
    offer = practice.post_fhir("/offers", PATIENT.read_bytes(), ())
    return wallet.receive(str(offer["link"]), str(offer["pin"]))


def trust_anchors(world: World) -> tuple[Path, ...]:
    """Every anchor that the trust list names, as PEM files for the wallet."""
    listed = world.desk.lists.views(world.clock()).trust.trust_list
    parties = (*listed.issuers, *listed.verifiers)
    texts = sorted({anchor for party in parties for anchor in party.anchors})
    paths = []
    for number, anchor in enumerate(texts):
        der = anchor if isinstance(anchor, bytes) else base64.b64decode(anchor)
        path = world.folders.top / f"anchor-{number}.pem"
        path.write_text(ssl.DER_cert_to_PEM_cert(der), encoding="ascii")
        paths.append(path)
    return tuple(paths)


def section(view: dict[str, Any], record_type: str) -> dict[str, Any]:
    return next(row for row in view["result"]["sections"] if row["type"] == record_type)


def test_it_receives_every_record_in_copies_with_keys_of_their_own(received: dict[str, Any]):
    stored = received["stored"]
    assert {row["vct"] for row in stored} <= TYPES
    assert {row["vct"].split("/")[-2] for row in stored} >= {"PatientIdentity", "AllergySummary"}
    assert len({row["key"]["x"] for row in stored}) == len(stored)
    assert len(stored) == 2 * len({row["vct"] for row in stored})


def test_it_takes_the_issuer_for_the_final_version_of_the_protocol(received: dict[str, Any]):
    assert received["version"] == "V1"


def test_the_desk_accepts_what_it_presents(
    wallet: ThirdPartyWallet, hospital: ApiClient, received: dict[str, Any], tmp_path: Path
):
    request = hospital.post("/requests", {"template": TEMPLATE})
    sent = wallet.present(str(request["link"]), received, tmp_path)
    assert sent["status"] == 200
    assert sent["prefix"] == "x509_hash"
    view: dict[str, Any] = hospital.get(f"/requests/{request['id']}")
    assert view["result"]["verdict"] == "accepted", view
    assert view["result"]["codes"] == []
    allergies = section(view, "AllergySummary")
    assert allergies["state"] == "items"
    assert allergies["shown"] == allergies["total"] > 1
    assert view["result"]["allergyHeading"] == "Known allergies"


@pytest.mark.parametrize("name", HEADINGS)
def test_the_heading_of_the_allergies_is_the_right_one(
    name: str,
    wallet: ThirdPartyWallet,
    practice: ApiClient,
    hospital: ApiClient,
    tmp_path: Path,
):
    offer = practice.post_fhir("/offers", (PATIENTS / f"{name}.json").read_bytes(), ())
    held = wallet.receive(str(offer["link"]), str(offer["pin"]))
    request = hospital.post("/requests", {"template": "medicines_check"})
    assert wallet.present(str(request["link"]), held, tmp_path)["status"] == 200
    view: dict[str, Any] = hospital.get(f"/requests/{request['id']}")
    assert view["result"]["verdict"] == "accepted", view
    assert view["result"]["allergyHeading"] == HEADINGS[name]


def test_a_list_shown_in_part_is_shown_as_a_part(
    wallet: ThirdPartyWallet, hospital: ApiClient, received: dict[str, Any], tmp_path: Path
):
    request = hospital.post("/requests", {"template": TEMPLATE})
    assert wallet.present(str(request["link"]), received, tmp_path, items=1)["status"] == 200
    view: dict[str, Any] = hospital.get(f"/requests/{request['id']}")
    allergies = section(view, "AllergySummary")
    assert allergies["state"] == "partly_shared"
    assert allergies["shown"] == 1 < allergies["total"]


def test_an_answered_request_cannot_be_answered_again(
    wallet: ThirdPartyWallet, hospital: ApiClient, received: dict[str, Any], tmp_path: Path
):
    request = hospital.post("/requests", {"template": TEMPLATE})
    assert wallet.present(str(request["link"]), received, tmp_path)["status"] == 200
    with pytest.raises(WalletRefusedError):
        wallet.present(str(request["link"]), received, tmp_path)


def test_an_offer_cannot_be_claimed_twice_nor_with_another_pin(
    wallet: ThirdPartyWallet, practice: ApiClient
):
    offer = practice.post_fhir("/offers", PATIENT.read_bytes(), ())
    link, pin = str(offer["link"]), str(offer["pin"])
    wrong = f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}}"
    with pytest.raises(WalletRefusedError, match="invalid_grant"):
        wallet.receive(link, wrong)
    assert wallet.receive(link, pin)["stored"]
    with pytest.raises(WalletRefusedError):
        wallet.receive(link, pin)


def test_without_the_trust_anchor_it_takes_nothing(
    wallet: ThirdPartyWallet, practice: ApiClient, world: World
):
    stranger = ThirdPartyWallet(wallet.node, wallet.folder, wallet.ca, (world.tls.ca,))
    offer = practice.post_fhir("/offers", PATIENT.read_bytes(), ())
    with pytest.raises(WalletRefusedError, match="trust anchor"):
        stranger.receive(str(offer["link"]), str(offer["pin"]))


def test_it_sees_that_a_record_was_withdrawn(
    wallet: ThirdPartyWallet, practice: ApiClient, hospital: ApiClient, tmp_path: Path
):
    offer = practice.post_fhir("/offers", PATIENT.read_bytes(), ("AllergySummary",))
    held = wallet.receive(str(offer["link"]), str(offer["pin"]))
    issuances: Any = practice.get(f"/issuances?offer={offer['offerId']}")["issuances"]
    for row in issuances:
        practice.post(f"/issuances/{row['id']}/status", {"change": "withdraw"})
    request = hospital.post("/requests", {"template": TEMPLATE})
    with pytest.raises(WalletRefusedError, match="Status is not valid"):
        wallet.present(str(request["link"]), held, tmp_path)


@pytest.fixture(scope="module")
def careful(world: World) -> Iterator[LoopbackServer]:
    """The same surgery at another address, whose staff look at each record first."""
    (port,) = free_ports(1)
    changes = {
        "iss": f"https://localhost:{port}",
        "port": port,
        "database": world.folders.issuer / "careful.sqlite",
        "status_list_size": IssuerSettings.model_fields["status_list_size"].default,
        "sign_off": "all",
        "deferred_interval_seconds": 1,
    }
    settings = world.issuer_settings.model_copy(update=changes)
    app = create_app(settings, clock=world.clock)
    server = LoopbackServer("careful", app, port, world.tls)
    server.start()
    yield server
    server.stop()


def test_it_waits_for_a_record_that_staff_look_at_first(
    wallet: ThirdPartyWallet, careful: LoopbackServer
):
    issuer = careful.app.state.issuer
    offer = service.offer_bundle(
        issuer, client="practice", bundle=PATIENT.read_bytes(), wanted=("AllergySummary",)
    )
    with ThreadPoolExecutor(1) as pool:
        receiving = pool.submit(wallet.receive, offer.link, offer.pin)
        while not (waiting := service.waiting_records(issuer)):
            assert not receiving.done(), receiving.exception()
            time.sleep(0.05)
        assert [one.offer for one in waiting] == [offer.id]
        service.decide(issuer, deferral=waiting[0].id, decision=service.Decision.RELEASE)
        stored = receiving.result(300)["stored"]
    assert [row["vct"].split("/")[-2] for row in stored] == ["AllergySummary"] * 2
    assert [issued.copies for issued in service.issued(issuer)] == [2]
