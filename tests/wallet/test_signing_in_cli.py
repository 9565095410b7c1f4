"""Signing in without the pages: the command prints an address, and takes the one that came back."""

from __future__ import annotations

import json

import pytest
from wallet_signing_in import SigningWorld, changed
from wallet_world import PASSPHRASE


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return SigningWorld(tmp_path_factory.mktemp("commands") / "w")


@pytest.fixture
def world(whole):
    whole.wire.calm()
    return whole


@pytest.fixture
def ready(run, world, tmp_path):
    world.wallet(tmp_path).close()
    return run


def left(ready, world):
    code, out, err = ready("add", world.sign_in_offer().link, "--yes")
    assert code == 0, err
    assert "--finish" in err
    return out.strip()


def test_an_address_is_printed_and_what_came_back_brings_the_records(ready, world):
    back = world.patient(left(ready, world))
    code, out, err = ready("add", "--finish", back)
    assert code == 0, err
    assert "Allergies, Example Surgery" in out
    assert ready("add", "--finish", back)[0] != 0


def test_programs_are_told_in_json(ready, world):
    code, out, _ = ready("add", world.sign_in_offer().link, "--yes", "--json")
    assert code == 0
    back = world.patient(json.loads(out)["signIn"])
    code, out, _ = ready("add", "--finish", back, "--json")
    assert code == 0
    assert json.loads(out)["added"]


def test_an_answer_of_nobody_that_was_asked_is_refused_in_words(ready, world):
    back = changed(world.patient(left(ready, world)), iss="https://evil.example")
    code, out, err = ready("add", "--finish", back)
    assert code != 0
    assert not out
    assert "wallet.sign_in_answer" in err


@pytest.mark.parametrize("words", [(), ("an-offer", "--finish", "an-answer")])
def test_an_offer_or_an_answer_is_needed_and_not_both(ready, words):
    assert ready("add", *words)[0] != 0


def test_nothing_of_the_sign_in_is_in_the_clear(ready, world, tmp_path):
    address = left(ready, world)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert PASSPHRASE.encode() in held  # the file that the commands read it from
    for secret in (b"redirectUri", b"verifier", address.encode()):
        assert secret not in held
