from __future__ import annotations

import sys

import pytest

from healthpassport.errors import PassportError, RequestError, TrustError, VaultError, catalogue
from healthpassport.terminal import EXIT_CODES, WHOSE_SIDE, exit_code, run, visible


def test_a_command_that_succeeds_ends_quietly(capsys):
    run(lambda: sys.stdout.write("data\n"))
    assert capsys.readouterr() == ("data\n", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VaultError("vault.locked"), 3),
        (VaultError("vault.unlock_failed"), 3),
        (VaultError("vault.corrupt"), 1),
        (TrustError("trust.issuer_unknown"), 4),
        (RequestError("request.time"), 1),
    ],
)
def test_an_error_ends_with_its_exit_code_and_three_lines_for_a_person(capsys, error, code):
    def fail() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run(fail)
    assert ended.value.code == code == exit_code(error)
    said = capsys.readouterr()
    assert said.out == ""
    first, second, third = said.err.splitlines()
    assert first == f"Error {error.code}: {error.title}"
    assert second.startswith(tuple(WHOSE_SIDE.values()))
    assert third == f"Next: {error.hint}"


def test_the_detail_stands_beside_whose_side_it_is_on(capsys):
    def fail() -> None:
        raise VaultError("vault.io", "the file vault.db")

    with pytest.raises(SystemExit):
        run(fail)
    assert capsys.readouterr().err.splitlines()[1] == "Your side: the file vault.db"


def test_a_fault_of_ours_is_never_dressed_up_as_an_error_of_the_person_s():
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fail)


def test_every_code_with_an_exit_code_of_its_own_exists():
    assert EXIT_CODES.keys() <= catalogue().keys()


def test_every_party_has_words():
    assert {entry.party for entry in catalogue().values()} <= WHOSE_SIDE.keys()
    assert not issubclass(ValueError, PassportError)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Penicillin “severe” é 水", "Penicillin “severe” é 水"),
        ("5\u00a0mg\t1", "5 mg\t1"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nallergies: No known allergies\r", r"a\nallergies: No known allergies\r"),
        ("\u202eevig ton oD\u202c\u2066", r"\u202eevig ton oD\u202c\u2066"),
        ("\u2028\U000e0001", r"\u2028\U000e0001"),
    ],
)
def test_nothing_that_was_sent_steers_a_terminal(text, shown):
    assert visible(text) == shown


def test_what_a_stranger_said_cannot_steer_the_terminal_through_an_error(capsys):
    def fail() -> None:
        raise RequestError("request.time", "\x1b[2Jagreed\nNext: share all")

    with pytest.raises(SystemExit):
        run(fail)
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert len(said.splitlines()) == 3
