"""Emergency cards of real sources: how large, how many fit as ticked at first, how large a code.

All published examples beside the checkout that give an emergency summary, and the made-up patients.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import segno  # noqa: E402
from fhir_examples import SOURCE  # noqa: E402

from healthpassport import cards  # noqa: E402
from healthpassport.errors import PassportError  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from healthpassport.summary import Record  # noqa: E402
from issuer.fhir import extract  # noqa: E402
from issuer.records import build  # noqa: E402

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
ISS: Final = "https://passport.surgery.example"
LIST: Final = f"{ISS}/status/1"
PUBLISHED: Final = TESTS.parents[1] / "shared" / "fhir"


def patients() -> Iterator[tuple[str, tuple[Record, ...]]]:
    """A name and the records of everybody of whom there is an emergency summary."""
    paths = [*(TESTS.parent / "demo" / "patients").glob("*.json"), *PUBLISHED.rglob("*.json")]
    for path in sorted(paths):
        content = path.read_bytes()
        if b'"Bundle"' not in content:
            continue
        try:
            summary = build(extract(content), source=SOURCE, now=NOW)
        except (PassportError, RecursionError):
            continue
        if summary.record("EmergencySummary") is not None:
            yield path.name, summary.records


def card_of(records: tuple[Record, ...], keys: frozenset[str]) -> cards.CardContent:
    """The card of ``records`` with ``keys`` ticked."""
    return cards.build(records, cards.choices(records, keys))


def main() -> None:
    """Print one line a card and the totals."""
    signer = generate_signer()
    sizes, versions, rows, refused = [], [], [], Counter[str]()
    fitting = whole = 0
    for name, records in patients():
        keys = cards.usual(records)
        try:
            space = cards.room(card_of(records, keys), iss=ISS, status_uri=LIST)
        except PassportError as error:
            refused[error.code] += 1
            continue
        sizes.append(space.octets)
        fitting += space.fits
        off = cards.to_take_off(records, keys, iss=ISS, status_uri=LIST)
        whole += off is not None
        if off is not None:
            content = card_of(records, keys - set(off))
            text = cards.issue(
                cards.CardClaims(ISS, NOW, NOW, LIST, 131_071, content), signer=signer
            )
            cards.verify(cards.parse(text), issuer_key=signer.public_key)
            versions.append(segno.make(text, error="m", boost_error=False).version)
        told = "fits" if space.fits else "over" if off is None else f"over, {len(off)} to take off"
        rows.append(f"{name[:60]:60} {space.octets:5} bytes, {told}")
    rows.append(
        f"{len(sizes)} people; median {median(sizes):.0f} bytes, largest {max(sizes)}; {fitting} "
        f"fit as ticked, {whole} with every allergy; largest code: version {max(versions)}; "
        f"no card: {dict(refused)}"
    )
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
