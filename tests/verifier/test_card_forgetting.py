"""A card that was read is in memory alone: closed, out of time, pushed out, or of another run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgi_calls import call
from card_desk import made
from card_form import HEADERS, READER, send

from healthpassport.errors import SettingsError, catalogue
from verifier.service.card_readings import CardReadings
from verifier.service.cards import Reader
from verifier.web import create_app

SECRETS = ("Penicillin", "Latex", "14-Jul-1958", "EXAMPLE", "999 000 0018")


def test_a_closed_card_is_gone_with_its_receipt(world, app):
    where = send(app, made(world)).headers["location"]
    answer = call(app, "POST", f"{where}/close", headers=HEADERS)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    for path in (where, f"{where}/receipt"):
        page = call(app, "GET", path)
        assert page.status == 404
        assert catalogue()["verifier.card_forgotten"].title in page.text
        assert not any(secret in page.text for secret in SECRETS)


def test_a_card_is_forgotten_when_its_time_is_over(world, app, clock, desk):
    where = send(app, made(world)).headers["location"]
    clock.offset = desk.settings.result_lifetime + timedelta(seconds=1)
    assert call(app, "GET", where).status == 404
    assert app.state.cards._held == {}


def test_a_card_lives_in_one_run_alone(world, app, desk):
    where = send(app, made(world)).headers["location"]
    assert call(create_app(desk.settings, desk), "GET", where).status == 404


def test_a_card_too_many_pushes_out_the_oldest_and_is_read(world, desk):
    readings = CardReadings(desk, most=2)
    ids = [readings.read(made(world), reader=Reader("Dr Example", 4)).id for _ in range(3)]
    assert [held.id for held in readings.held()] == [ids[2], ids[1]]


def test_nothing_of_a_card_is_in_the_desks_files(world, app, desk):
    text = made(world)
    send(app, text, note="Sister of Latex Penicillin")
    for file in desk.settings.home.rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        assert b"Penicillin" not in data
        assert text.encode() not in data


def test_what_the_audit_cannot_write_is_neither_kept_nor_shown(world, desk):
    def broken(_event):
        raise SettingsError("verifier.setup")

    readings = CardReadings(desk, audit=broken)
    with pytest.raises(SettingsError):
        readings.read(made(world), reader=Reader("Dr Example", 4))
    assert readings.held() == ()


def test_the_log_names_who_read_and_why_and_nothing_of_the_card(world, app, capsys):
    send(app, made(world), note="Sister of Penicillin")
    said = "".join(capsys.readouterr())
    assert "card.read" in said
    assert READER["who"] in said
    assert not any(secret in said for secret in SECRETS)
