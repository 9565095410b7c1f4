"""No verification asks anybody anything: not the issuer, not the authority, not the named list."""

from __future__ import annotations

import sys

import pytest
from desk_world import full_wallet, handle_of, make_desk

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
