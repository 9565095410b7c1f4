"""A photo of a QR code is read within bounds, and kept nowhere."""

from __future__ import annotations

from io import BytesIO

import pytest
import segno
from PIL import Image

from healthpassport.errors import RequestError
from wallet.client import pictures
from wallet.client.pictures import read_picture

LINK = (
    "openid4vp://?client_id=x509_hash:"
    + "A" * 43
    + "&request_uri=https://desk.example/r/"
    + "x" * 22
)


def code(text=LINK, scale=6):
    out = BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=scale, border=4)
    return Image.open(BytesIO(out.getvalue())).convert("RGB")


def saved(picture, kind, **more):
    out = BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def photo(picture, angle=0):
    """The code on a table: larger, turned, with something around it."""
    table = Image.new("RGB", (1600, 1200), (120, 110, 100))
    turned = picture.rotate(angle, expand=True, fillcolor=(255, 255, 255))
    table.paste(turned, (400, 200))
    return table


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_of_a_screen_is_read(kind):
    assert read_picture(saved(code(), kind)) == LINK


@pytest.mark.parametrize("angle", [0, 7, 90, 200])
def test_a_photo_held_askew_is_read(angle):
    assert read_picture(saved(photo(code(), angle), "JPEG", quality=70)) == LINK


def test_a_large_photo_is_made_smaller_and_read():
    large = photo(code()).resize((6400, 4800))
    assert read_picture(saved(large, "JPEG", quality=60)) == LINK


def test_of_several_codes_the_one_for_a_wallet_counts():
    table = Image.new("RGB", (1600, 900), (255, 255, 255))
    table.paste(code("https://shop.example/menu"), (50, 50))
    table.paste(code(), (850, 50))
    assert read_picture(saved(table, "PNG")) == LINK


def bomb():
    """A small file of a great many pixels."""
    return saved(Image.new("1", (30_000, 30_000)), "PNG")


REFUSED = [
    ("nothing", lambda: b""),
    ("text", lambda: b"openid4vp://?client_id=a"),
    ("no code", lambda: saved(Image.new("RGB", (400, 400), (9, 9, 9)), "PNG")),
    ("cut off", lambda: saved(code(), "PNG")[:200]),
    ("cut jpeg", lambda: saved(code(), "JPEG")[:150]),
    ("gif", lambda: saved(code(), "GIF")),
    ("tiff", lambda: saved(code(), "TIFF")),
    ("svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("bomb", bomb),
    ("too many bytes", lambda: b"\xff" * (pictures.MAX_BYTES + 1)),
]


@pytest.mark.parametrize("make", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_picture_of_a_code_is_refused(make):
    with pytest.raises(RequestError, match=r"^request\.picture: "):
        read_picture(make())
