"""No verification asks anybody anything: not the issuer, not the authority, not the named list."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from desk_world import Clock, Wallet, full_wallet, handle_of, identity, make_desk, peek
from record_examples import allergies

from healthpassport.credential import Challenge
from healthpassport.errors import PassportError
from healthpassport.jose.jwe import encrypt
from healthpassport.protocols.oid4vp import build_vp_token, encode_response
from verifier.service.lists import STATUS_FOLDER

TALK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}


class Ear:
    """Hears every connection of this process while it listens."""

    def __init__(self) -> None:
        self.listening = False
        self.heard: list[tuple[str, object]] = []

    def __call__(self, event, arguments):
        if self.listening and event in TALK:
            self.heard.append((event, arguments[1:]))


EAR = Ear()
sys.addaudithook(EAR)  # for the life of this process: it is deaf unless a test listens


@pytest.fixture
def listening():
    EAR.heard.clear()
    yield EAR
    EAR.listening = False


def answer_to(world, desk):
    view = desk.ask("emergency_admission", desk="desk-1")
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    return view, held.answer(request)


def test_the_ear_hears_a_connection(listening):
    import socket  # noqa: PLC0415 - here it is what is tested

    listening.listening = True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", 9))
    assert listening.heard


def test_a_good_answer_is_verified_without_a_word_to_anybody(world, tmp_path, listening):
    desk = make_desk(world, tmp_path / "desk")
    view, body = answer_to(world, desk)
    asked = len(world.fetcher.asked)
    listening.listening = True
    desk.receive(handle_of(view.link), body)
    listening.listening = False
    assert desk.look(view.id, desk="desk-1").summary is not None
    assert listening.heard == []
    assert len(world.fetcher.asked) == asked


def test_a_desk_without_any_status_list_fetches_none_because_of_a_patient(
    world, tmp_path, listening
):
    desk = make_desk(world, tmp_path / "desk")
    lists = list((desk.settings.lists_folder / STATUS_FOLDER).iterdir())
    assert lists
    for path in lists:
        path.unlink()
    desk.lists._reading.last = None
    view, body = answer_to(world, desk)
    asked = len(world.fetcher.asked)
    listening.listening = True
    desk.receive(handle_of(view.link), body)
    listening.listening = False
    summary = desk.look(view.id, desk="desk-1").summary
    assert {s.code for s in summary.sections if s.issuer} == {"status.stale"}
    assert listening.heard == []
    assert len(world.fetcher.asked) == asked


def test_the_issuer_that_a_record_names_is_never_asked(world, tmp_path, listening):
    desk = make_desk(world, tmp_path / "desk")
    view, body = answer_to(world, desk)
    listening.listening = True
    desk.receive(handle_of(view.link), body)
    listening.listening = False
    assert not [url for url in world.fetcher.asked if "well-known" in url]
    assert listening.heard == []


STRANGE = "https://tracker.example/status/one-for-this-patient"


def test_prv_003_a_list_that_only_a_presentation_names_is_never_fetched(world, tmp_path, listening):
    desk = make_desk(world, tmp_path / "desk")
    status = {"status_list": {"idx": 1, "uri": STRANGE}}
    held = {
        str(n): world.credential(record, status=status)
        for n, record in enumerate((identity(), allergies()))
    }
    view = desk.ask("emergency_admission", desk="desk-1")
    wallet = Wallet(world, held)
    body = wallet.answer(wallet.read(desk, view.link, desk.lists.views(view.created_at).trust))
    listening.listening = True
    with pytest.raises(PassportError) as caught:
        desk.receive(handle_of(view.link), body)
    listening.listening = False
    assert caught.value.code == "status.signer"
    assert listening.heard == []
    for _ in range(2):
        desk.update()
    assert STRANGE not in world.fetcher.asked
    desk.shut()


def a_week(world, home, *, answers):
    """What a desk asks for in a week of its timetable, with or without patients."""
    clock = Clock()
    desk = make_desk(world, home, clock=clock)
    begin = len(world.fetcher.asked)
    for hour in range(0, 7 * 24, 12):
        clock.offset = timedelta(hours=hour)
        desk.update(due_only=True)
        if answers:
            wallet = full_wallet(world)
            view = desk.ask("emergency_admission", desk="desk-1")
            claims = peek(desk.request_object(handle_of(view.link)))
            challenge = Challenge(claims["nonce"], desk.identity.client_id)
            shown = wallet.presentation(view.template.query, challenge, now=clock())
            [key] = claims["client_metadata"]["jwks"]["keys"]
            token = build_vp_token(shown, state=claims["state"])
            body = encode_response(encrypt(token, recipient_jwk=key))
            desk.receive(handle_of(view.link), body)
            assert desk.look(view.id, desk="desk-1").summary is not None
            desk.close(view.id, desk="desk-1")
    desk.shut()
    return world.fetcher.asked[begin:]


def test_prv_001_a_week_of_patients_looks_to_every_host_like_a_week_without(world, tmp_path):
    quiet = a_week(world, tmp_path / "quiet", answers=False)
    busy = a_week(world, tmp_path / "busy", answers=True)
    assert quiet
    assert busy == quiet
