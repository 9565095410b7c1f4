"""What is printed: a person's own sheet, and the parts of helpers.

A helper's part names nobody and nothing of health: who finds it learns that it is a third of some
key. Both languages stand on each sheet. What is *not* here: paper (the template ``printed.html``).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wallet.backup.split import PEOPLE, Share

LANGUAGES: Final = ("en", "cy")
_SCALE: Final = 6  # pixels a module

OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "The way into my health wallet",
        "This sheet opens my wallet, and my backups of it.",
        "Keep it safe, apart from the device. Who has both can read it all.",
        "1. Get the wallet on a new device, and have the backup file at hand.",
        "2. Choose to bring back a backup.",
        "3. Scan this code, or type the letters below it.",
    ),
    "cy": (
        "Y ffordd i mewn i'm waled iechyd",
        "Mae'r daflen hon yn agor fy waled, a'm copïau wrth gefn ohoni.",
        "Cadwch hi'n ddiogel, ar wahân i'r ddyfais. Gall pwy bynnag sydd â'r ddwy ddarllen popeth.",
        "1. Gosodwch y waled ar ddyfais newydd, a chael y ffeil wrth gefn wrth law.",
        "2. Dewiswch adfer copi wrth gefn.",
        "3. Sganiwch y cod hwn, neu deipiwch y llythrennau oddi tano.",
    ),
}
PART: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Part {number} of {people} of a key",
        "Someone you know gave you this to keep for them.",
        "On its own it opens nothing. Keep it safe and show it to no one.",
        "If they ask for it, make sure that it is them. Then let them scan or type it.",
        "If you do not want to keep it, tell them, and tear it up.",
    ),
    "cy": (
        "Rhan {number} o {people} o allwedd",
        "Rhoddodd rhywun yr ydych yn ei adnabod hon i chi i'w chadw.",
        "Ar ei phen ei hun nid yw'n agor dim. Cadwch hi'n ddiogel a pheidiwch â'i dangos i neb.",
        "Os gofynnant amdani, gwnewch yn siŵr mai nhw sydd yno. Yna gadewch iddynt ei sganio.",
        "Os nad ydych am ei chadw, dywedwch wrthynt, a rhwygwch hi.",
    ),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: in each language a title and lines, and the code as groups and as SVG."""

    words: Mapping[str, tuple[str, ...]]
    groups: tuple[str, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """The code on one line."""
        return "-".join(self.groups)

    @property
    def svg(self) -> str:
        """The code as a QR image; level Q, because paper gets stains."""
        import segno  # noqa: PLC0415 - cold start

        output = io.BytesIO()
        code = segno.make_qr(self.text, error="q", boost_error=False)
        code.save(output, kind="svg", scale=_SCALE, xmldecl=False, nl=False, omitsize=True)
        return output.getvalue().decode("utf-8")


def own_sheet(groups: tuple[str, ...]) -> Sheet:
    """The sheet of ``Backups.sheet``."""
    return Sheet(OWN, groups)


def part_sheet(share: Share) -> Sheet:
    """The sheet for one helper."""
    words = {
        language: tuple(line.format(number=share.number, people=PEOPLE) for line in lines)
        for language, lines in PART.items()
    }
    return Sheet(words, share.groups())
