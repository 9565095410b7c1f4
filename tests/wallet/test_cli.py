"""Transcripts of ``passport-wallet``: the real applications behind it, no terminal before it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import segno
from repository import ROOT

from healthpassport.fetch import HttpResponse

PASSPHRASE = "three made-up words"


def test_a_vault_is_made_once(run):
    code, out, err = run("init")
    assert (code, out) == (0, "")
    assert "Your vault is ready." in err
    code, _, err = run("init")
    assert code == 1
    assert "vault.exists" in err


def test_records_are_listed_and_shown(ready):
    code, out, _ = ready("list")
    assert code == 0
    assert [line.split(".")[0] for line in out.splitlines()] == ["1", "2"]
    code, out, _ = ready("show", "2")
    assert "Penicillin V" in out
    assert "    When it started: 2001" in out
    _, out, _ = ready("show", "2", "--json")
    shown = json.loads(out)
    assert shown["version"] == 1
    assert shown["content"]["itemCount"] == 2
    identifier = shown["record"]["id"]
    assert ready("show", identifier[:6])[0] == 0


def test_an_empty_wallet_says_what_to_do(run):
    run("init")
    code, out, err = run("list")
    assert (code, out) == (0, "")
    assert "Ask for an offer" in err
    assert json.loads(run("list", "--json")[1])["records"] == []


def test_a_wrong_passphrase_ends_with_3_and_no_vault_with_1(run, tmp_path):
    assert run("list")[0] == 1
    run("init")
    (tmp_path / "passphrase").write_text("not the one")
    code, out, err = run("list")
    assert (code, out) == (3, "")
    assert "vault.unlock_failed" in err
    assert "Next: " in err


def test_a_request_is_shown_and_nothing_goes_out(ready, world):
    request = world.ask()
    code, out, err = ready("present", request["link"], "--look")
    assert (code, out) == (0, "")
    assert "Example Hospital" in err
    assert "[x]" in err
    assert "You will still be treated" in err
    _, out, _ = ready("present", request["link"], "--look", "--json")
    question = json.loads(out)
    assert question["canAnswer"]
    assert question["ticks"][0] == {
        "number": 1,
        "section": "About you",
        "label": "NHS number",
        "value": "999 000 0018",
        "ticked": True,
        "sensitive": False,
        "needed": True,
        "note": "Without it, they may not know that this is about you.",
        "parent": None,
    }
    assert question["choices"] == []
    assert question["preview"]["nothing"] == ""
    assert question["preview"]["records"][1]["words"] == "all 2 shared"
    assert world.seen(request)["state"] not in {"answered", "declined"}


def test_what_will_be_seen_and_what_is_needed_is_said_before_anything_is_sent(ready, world):
    request = world.ask()
    code, _, err = ready("present", request["link"], "--look", "--untick", "3")
    assert code == 0
    assert "* Needed for safe treatment" in err
    code, _, err = ready("present", request["link"], typed="7\nyes\n")
    assert "They will see:" in err
    assert "  Allergies: 1 of 2 shared" in err
    assert "They will see that the list is not whole." in err
    assert "Without it, they may give you a drug that harms you." in err


def test_a_request_is_answered_by_its_typed_code_or_a_photo_of_it(ready, world, tmp_path):
    request = world.ask()
    code, _, err = ready("present", request["short_code"].lower(), "--yes")
    assert code == 0, err
    assert world.seen(request)["state"] == "answered"
    request, photo = world.ask(), tmp_path / "photo.png"
    segno.make(request["link"], error="m").save(str(photo), scale=5)
    code, _, err = ready("present", "--picture", photo, "--yes")
    assert code == 0, err
    assert world.seen(request)["state"] == "answered"


@pytest.mark.parametrize(
    "words", [(), ("openid4vp://x", "--picture", __file__), ("x", "--choose", "a")]
)
def test_a_request_is_given_once_and_a_way_with_its_option(ready, words):
    assert ready("present", *words)[0] in {1, 2}


def test_a_picture_without_a_code_is_told(ready):
    code, _, err = ready("present", "--picture", __file__)
    assert code == 1
    assert "request.picture" in err


def test_a_script_shares_with_one_box_left_out(ready, world):
    request = world.ask()
    code, out, err = ready("present", request["link"], "--share", "--untick", "When it started")
    assert code == 0, err
    assert "Allergies: 2/2" in out
    assert "Shared with Example Hospital" in err
    assert "2001" not in str(world.seen(request))
    code, out, _ = ready("history")
    assert out.splitlines()[0].split(" ", 3)[3].startswith("You shared, Example Hospital")
    kinds = [entry["kind"] for entry in json.loads(ready("history", "--json")[1])["history"]]
    assert kinds == ["shared", "added"]


def test_json_tells_what_was_shared(ready, world):
    _, out, _ = ready("present", world.ask()["link"], "--yes", "--json")
    assert json.loads(out)["shared"]


def test_a_person_changes_ticks_and_then_says_yes(ready, world):
    request = world.ask()
    code, out, err = ready("present", request["link"], typed="2, 3\nyes\n")
    assert code == 0, err
    assert "[ ] 2 Last name" in err
    assert "Last name" not in out


@pytest.mark.parametrize("slip", ["99", "yes 2", "y", "surname"])
def test_a_slip_of_the_finger_changes_nothing_and_is_asked_again(ready, world, slip):
    request = world.ask()
    code, out, err = ready("present", request["link"], typed=f"2\n{slip}\nYES\n")
    assert code == 0, err
    assert "There is no box" in err
    assert "Last name" not in out


@pytest.mark.parametrize(
    ("state", "words"), [("closed", "already answered"), ("expired", "has run out")]
)
def test_a_question_that_is_over_says_so_in_its_own_words(ready, world, state, words):
    request = world.ask()
    if state == "closed":
        ready("present", request["link"], "--decline")
    else:
        said = b'{"code": "transaction.expired", "detail": "too late"}'
        world.wire.bend = lambda _request, _answer: HttpResponse(400, {}, said)
    code, _, err = ready("present", request["link"], "--yes")
    assert code == 1
    assert f"Error transaction.{state}: " in err
    assert words in err


@pytest.mark.parametrize("how", ["--decline", "typed"])
def test_saying_no_sends_no_and_ends_with_5(ready, world, how):
    request = world.ask()
    flags, typed = ((how,), "") if how == "--decline" else ((), "no\n")
    code, out, err = ready("present", request["link"], *flags, typed=typed)
    assert (code, out.strip()) in {(5, ""), (5, "no")}  # what was typed is echoed
    assert "consent.declined" in err
    assert world.seen(request)["state"] == "declined"


def test_where_nobody_can_answer_nothing_is_shared(ready, world):
    request = world.ask()
    code, _, err = ready("present", request["link"], typed="")
    assert code == 1
    assert "consent.required" in err
    assert world.seen(request)["state"] not in {"answered", "declined"}


@pytest.mark.parametrize(
    "flags",
    [("--share", "--decline"), ("--share", "--look"), ("--untick", "no such box", "--share")],
)
def test_what_contradicts_itself_is_wrong_use(ready, world, flags):
    assert ready("present", world.ask()["link"], *flags)[0] == 2


def test_exhausted_copies_are_said(ready, world):
    for _ in range(5):
        assert ready("present", world.ask()["link"], "--share")[0] == 0
    _, _, err = ready("present", world.ask()["link"], "--share")
    assert "all your copies were shown before" in err


def test_a_record_is_removed_after_a_yes(ready):
    assert ready("remove", "1", typed="n\n")[0] == 1
    assert ready("remove", "1", typed="y\n")[0] == 0
    assert len(json.loads(ready("list", "--json")[1])["records"]) == 1


def test_an_offer_can_be_left(run, world):
    run("init")
    code, out, _ = run("add", world.offer().link, typed="n\n")
    assert (code, out.strip()) == (1, "n")  # what was typed is echoed
    assert "You added" not in run("history")[1]


def test_the_pin_is_asked_for(run, world):
    run("init")
    offer = world.offer()
    code, out, _ = run("add", offer.link, "--yes", "--json", typed=f"{offer.pin}\n")
    assert code == 0
    assert len(json.loads(out)["added"]) == 2


def test_unlock_lock_and_a_new_passphrase(ready, tmp_path):
    assert ready("unlock")[1] == "2 records\n"
    assert json.loads(ready("unlock", "--json")[1])["rows"]["copies"] == 10
    assert "locks the wallet when it ends" in ready("lock", passphrase=False)[2]
    assert json.loads(ready("lock", "--json", passphrase=False)[1])["locked"]
    new = tmp_path / "new"
    new.write_text("four other made-up words")
    assert ready("change-passphrase", "--new-passphrase-file", new)[0] == 0
    assert ready("unlock")[0] == 3


def test_the_doctor_says_what_to_mend(run, tmp_path):
    code, out, _ = run("doctor", passphrase=False)
    assert code == 1
    assert "vault.missing" in out
    run("init")
    run("update", "--json", passphrase=False)
    code, out, _ = run("doctor", "--json", passphrase=False)
    assert code == 0
    assert {finding["state"] for finding in json.loads(out)["findings"]} == {"ok"}
    (tmp_path / "wallet" / "vault.db").chmod(0o644)
    assert "vault.permissions" in run("doctor", passphrase=False)[1]


def test_a_damaged_vault_is_mended_and_a_copy_kept(ready, tmp_path):
    path = tmp_path / "wallet" / "vault.db"
    before = path.read_bytes()
    for anchor in (tmp_path / "anchors").iterdir():
        anchor.unlink()
    code, _, err = ready("list")
    assert code == 1
    assert "vault.anchor" in err
    assert ready("mend", typed="n\n")[0] == 1
    code, out, _ = ready("mend", "--yes")
    assert (code, out) == (0, "dropped: 0\n")
    (kept,) = path.parent.glob("*before-mend*")
    assert kept.read_bytes() == before
    assert ready("list")[0] == 0
    assert json.loads(ready("mend", "--yes", "--json")[1])["dropped"]["records"] == 0


def test_an_asker_that_nobody_knows_ends_with_4(ready, world):
    link = world.ask()["link"]
    forged = link.replace("x509_hash:", "x509_hash:A")
    code, _, err = ready("present", forged, "--share")
    assert code in {1, 4}
    assert "Next: " in err


def test_the_command_starts_quickly_and_without_heavy_parts():
    script = (
        "import sys, wallet.cli\n"
        "print(sorted({'fastapi', 'sqlite_utils', 'nacl', 'cryptography', 'tuf', 'pydantic'}"
        " & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_own_words_are_typed_or_given_and_said_to_be_not_checked(ready):
    code, out, err = ready("say", "Weight", "--reading", "71 kg", "--date", "2026-10-18")
    assert code == 0, err
    assert out.startswith("In your own words, you (not checked), as of ")
    assert "Staff see it as not checked" in err
    code, out, err = ready("say", "--json", typed="I feel dizzy\n")
    assert code == 0, err
    assert json.loads(out[out.index("{") :])["record"]["items"] == 2  # the runner echoes
    number = next(
        line.partition(".")[0] for line in ready("list")[1].splitlines() if "own words" in line
    )
    shown = ready("show", number)[1]
    assert "Weight (Home reading: 71 kg; Date: 18 Oct 2026)" in shown
    assert "I feel dizzy" in shown


def test_own_words_that_cannot_be_kept_say_what_to_do(ready):
    code, _, err = ready("say", "Weight", "--date", "yesterday")
    assert code == 1
    assert "This cannot be kept as your words." in err
    assert "a date like 2026-11-18" in err


def test_nobody_at_the_terminal_means_no_words(ready):
    code, _, err = ready("say")
    assert code == 1
    assert "Nobody was there to type" in err
