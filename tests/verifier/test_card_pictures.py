"""An emergency card from a picture, and by the command."""

from __future__ import annotations

import io
import json

import pytest
from card_desk import made, picture, run
from desk_world import make_desk
from PIL import Image, ImageFilter

from healthpassport.cards import typed
from healthpassport.errors import CardError
from healthpassport.keys import generate_signer
from verifier.service.card_pictures import read_picture


@pytest.fixture
def home(world, tmp_path):
    """The folder of a desk that was updated, and is not running."""
    world.set_status()
    make_desk(world, tmp_path / "desk").shut()
    return tmp_path / "desk"


def test_a_card_printed_at_150_dpi_is_read_from_its_picture(world):
    text = made(world)
    assert read_picture(picture(text)) == text


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.rotate(7, expand=True, fillcolor=255),
        lambda image: image.rotate(180),
        lambda image: image.resize((image.width * 3, image.height * 3)).filter(
            ImageFilter.GaussianBlur(2)
        ),
        lambda image: image.point(lambda value: 60 + value // 2),
    ],
    ids=["askew", "upside down", "blurred", "pale"],
)
def test_a_poor_photo_is_read(world, change):
    text = made(world)
    assert read_picture(picture(text, scale=5, kind="jpeg", change=change)) == text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "card.image"),
        (b"no picture", "card.image"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "card.image"),
        (bytes(12_582_913), "card.image"),
        (picture("https://example.org"), "card.prefix"),
    ],
    ids=["nothing", "text", "a broken picture", "too many bytes", "another code"],
)
def test_a_picture_without_a_card_is_refused(data, code):
    with pytest.raises(CardError) as caught:
        read_picture(data)
    assert caught.value.code == code


def test_an_empty_picture_and_a_huge_one_are_refused():
    blank = io.BytesIO()
    Image.new("L", (200, 200), 255).save(blank, "png")
    with pytest.raises(CardError, match=r"card\.image"):
        read_picture(blank.getvalue())
    huge = io.BytesIO()
    Image.new("1", (10_000, 6_000), 1).save(huge, "png")
    with pytest.raises(CardError, match=r"card\.image"):
        read_picture(huge.getvalue())


def test_two_cards_in_one_picture_are_refused(world):
    one, other = (Image.open(io.BytesIO(picture(made(world)))) for _ in range(2))
    both = Image.new("L", (one.width + other.width + 40, one.height), 255)
    both.paste(one, (0, 0))
    both.paste(other, (one.width + 40, 0))
    out = io.BytesIO()
    both.save(out, "png")
    with pytest.raises(CardError, match="more than one card"):
        read_picture(out.getvalue())


OPTIONS = ("--reason", "4", "--who", "Dr Example")


def test_the_command_reads_a_card_from_stdin(world, home):
    result = run("card", "read", *OPTIONS, home=home, stdin=made(world).encode())
    out = result.stdout.decode()
    assert result.returncode == 0, result.stderr
    assert "card: Source checked: signed by Example Surgery (A12345)" in out
    assert "person: EXAMPLE, Given; Born 14-Jul-1958" in out
    assert "heading: Known allergies" in out
    assert "Penicillin" in out
    assert "A copy or a photo of this card reads the same." in result.stderr.decode()


def test_the_command_reads_a_photo_and_gives_a_receipt(world, home, tmp_path):
    photo, receipt = tmp_path / "card.png", tmp_path / "receipt.jwt"
    photo.write_bytes(picture(made(world)))
    result = run(
        "card", "read", "--photo", photo, "--receipt", receipt, "--json", *OPTIONS, home=home
    )
    told = json.loads(result.stdout)
    assert (result.returncode, told["version"]) == (0, 1)
    assert told["reader"]["words"] == "Emergency: the patient cannot be asked"
    assert receipt.read_text() == told["receipt"]


def test_the_command_reads_typed_letters(world, home, tmp_path):
    file = tmp_path / "typed.txt"
    file.write_text("\n".join(typed.lines(made(world))))
    result = run("card", "read", file, *OPTIONS, home=home)
    assert result.returncode == 0, result.stderr
    assert b"Known allergies" in result.stdout


def test_the_command_fails_on_a_card_that_cannot_be_relied_on(world, home):
    text = made(world, signer=generate_signer())
    result = run("card", "read", *OPTIONS, home=home, stdin=text.encode())
    assert result.returncode == 1
    assert b"Penicillin" not in result.stdout
    assert b"Use your usual sources. Care never waits for a passport." in result.stderr


@pytest.mark.parametrize(
    "options", [(), ("--reason", "4"), ("--who", "x"), ("--reason", "7", "--who", "x")]
)
def test_the_command_asks_for_a_reason_and_a_name(world, home, options):
    assert run("card", "read", *options, home=home, stdin=made(world).encode()).returncode == 2


def test_a_receipt_that_cannot_be_made_is_told_on_stderr_and_leaves_the_json_whole(world, home):
    (home / "registrations" / "emergency.jwt").unlink()
    result = run("card", "read", "--json", *OPTIONS, home=home, stdin=made(world).encode())
    told = json.loads(result.stdout)
    assert (result.returncode, told["receipt"]) == (0, None)
    assert b"receipt_not_made" in result.stderr
