"""A desk that reads emergency cards: its folder, cards of its surgery, pictures, the command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import segno
from card_forge import card
from desk_world import INDEX, ISS, STATUS_URI
from PIL import Image
from record_examples import allergies, identity, medicines

TODAY = datetime.now(UTC).date()
HELD = (
    identity(),
    replace(allergies(), as_of=TODAY),
    replace(medicines("current"), as_of=TODAY),
)


def run(*arguments, home, stdin=b""):
    """A command as a person types it."""
    return subprocess.run(
        [sys.executable, "-c", "from verifier.cli import main; main()", *map(str, arguments)],
        env={
            "PATH": os.environ["PATH"],
            "PASSPORT_VERIFIER_HOME": str(home),
            "PASSPORT_VERIFIER_PUBLIC_URL": "https://desk.example",
            "NO_COLOR": "1",
        },
        input=stdin,
        capture_output=True,
        check=False,
        timeout=300,
    )


def made(world, *records, **changes):
    now = datetime.now(UTC).replace(microsecond=0)
    parts = {
        "iss": ISS,
        "index": INDEX,
        "status_uri": STATUS_URI,
        "issued_at": now - timedelta(minutes=1),
        "expires_at": now + timedelta(days=182),
        "signer": world.issuer,
    }
    return card(*(records or HELD), **(parts | changes))


def picture(text, *, scale=3, kind="png", change=lambda image: image):
    buffer, out = io.BytesIO(), io.BytesIO()
    segno.make(text, error="m", boost_error=False).save(buffer, kind="png", scale=scale, border=4)
    with Image.open(buffer) as made_image:
        change(made_image.convert("L")).save(out, kind)
    return out.getvalue()
