"""Every published FHIR example goes from surgery to desk, or says why it cannot.

The first of each publisher and the first of each kind of resource go over real https.  All others
go through the same applications in this process: nothing but the network is left out.
"""

from __future__ import annotations

import re

import pytest
from shared_inputs import SHARED
from wallet_world import WalletWorld

from demo.client import ApiClient
from demo.script import TEMPLATE
from demo.world import Ports, World
from healthpassport.errors import ServiceError, SourceError
from healthpassport.summary import Source, record_types
from issuer.fhir import extract
from issuer.records import build
from schemas.queries import templates

FILES = sorted((SHARED / "fhir").rglob("*.json")) if SHARED.exists() else []
NAMES = [str(path.relative_to(SHARED / "fhir")) for path in FILES]


KIND = re.compile(rb'"resourceType"\s*:\s*"(\w+)"')


def chosen():
    """The first file of each folder, and the first of each kind that a file names first."""
    seen, found = set(), set()
    for path in FILES:
        kind = KIND.search(path.read_bytes())
        marks = {path.relative_to(SHARED / "fhir").parts[0], kind and kind[1]}
        if marks - seen:
            found.add(path)
        seen |= marks
    return found


OVER_HTTPS = chosen()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world") / "demo", ports=Ports.free(), patience=60)
    world.start()
    made_ready(world)
    yield world
    world.stop()
    world.wallet.close()


@pytest.fixture(scope="module")
def in_process(tmp_path_factory):
    around = WalletWorld(tmp_path_factory.mktemp("world") / "demo")
    made_ready(around.world)
    yield around
    around.world.wallet.close()


@pytest.fixture
def world(path, request):
    if path in OVER_HTTPS:
        return request.getfixturevalue("served")
    around = request.getfixturevalue("in_process")
    around.wire.calm()
    return around.world


def made_ready(world):
    # Of 530 records not one is shown twice.
    world.wallet_settings = world.wallet_settings.model_copy(update={"copies": 1})
    world.desk.update()
    world.wallet.init(world.passphrase)
    world.wallet.update_trust()


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the published examples do not stand beside the checkout")
@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_published_example_reaches_the_desk_whole_or_says_why_not(world, path):
    settings = world.issuer_settings
    source = Source(settings.ods, settings.name, settings.system)
    data = path.read_bytes()
    try:
        summary = build(extract(data), source=source, now=world.clock())
    except SourceError as refusal:
        assert_refused_alike(world, data, refusal)
        return
    offer = practice(world).post_fhir("/offers", data, ())
    assert offer["recordTypes"] == [r.type for r in summary.records]
    stored = world.wallet.accept(
        world.wallet.add_offer(offer["link"]), offer["pin"], other_person=True
    )
    try:
        result = ask_and_share_everything(world)
    finally:
        for record in stored:
            world.wallet.remove(record.id)
    assert result["verdict"] == "accepted", result["codes"]
    sections = {row["type"]: row for row in result["sections"]}
    asked = {section.definition.type for section in templates()[TEMPLATE].sections}
    for record in summary.records:
        if record.type in asked:
            assert_arrived(record, sections[record.type])
        else:
            assert sections[record.type]["state"] == "not_asked_for"
    for kind in set(record_types()) - {r.type for r in summary.records}:
        assert sections[kind]["state"] in {"not_shared", "not_asked_for"}


def practice(world):
    return ApiClient(world.issuer_server.url, world.practice_key, world.fetcher)


def assert_refused_alike(world, data, refusal):
    """The service refuses what the library refuses: with words, never with a failure of its own."""
    assert refusal.code.startswith("fhir.")
    assert refusal.hint
    with pytest.raises(ServiceError) as refused:
        practice(world).post_fhir("/offers", data, ())
    assert refused.value.code == "demo.refused"
    assert refused.value.detail in {refusal.detail, refusal.title}


def ask_and_share_everything(world):
    hospital = ApiClient(world.desk_server.url, world.desk_key, world.fetcher)
    request = hospital.post("/requests", {"template": TEMPLATE})
    question = world.wallet.prepare(request["link"])
    world.wallet.share(question, frozenset(tick.number for tick in question.ticks))
    return hospital.get(f"/requests/{request['id']}")["result"]


def assert_arrived(record, section):
    if record.type == "PatientIdentity":
        assert section["state"] == "items"
        return
    assert section["state"] == record.state.value
    assert (section["shown"], section["total"]) == (len(record.items),) * 2
    arrived = [item["unit"] for item in section["items"]]
    assert arrived == [dict(item.unit) for item in record.items]
