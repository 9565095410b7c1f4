"""The words of a receipt on paper: for the patient, in English and Welsh.

What is *not* here: the names of records, which have words of their own, and HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ReceiptWords:
    """One language: ``reasons`` by the numbers of ``card_words.REASONS``."""

    language: str
    title: str
    keep: str
    who: str
    role: str
    when: str
    why: str
    what: str
    retention: str
    wrong: str
    proof: str
    reasons: Mapping[int, str]


RECEIPT_WORDS: Final = (
    ReceiptWords(
        language="en",
        title="Your emergency card was read",
        keep="Keep this paper. It proves who read your card, and when.",
        who="Who read it",
        role="Role",
        when="When",
        why="Why",
        what="What they saw",
        retention="How long they keep it",
        wrong="Was this not right? Ask them why, and show them this paper.",
        proof="The proof is below. Your wallet can keep it. Nobody can read your health from it.",
        reasons={
            1: "It was for the good of the public",
            2: "The law asks for it",
            3: "A court asked for it",
            4: "It was an emergency and you could not be asked",
            5: "You said yes",
            6: "Another reason. Ask them which",
        },
    ),
    ReceiptWords(
        language="cy",
        title="Cafodd eich cerdyn argyfwng ei ddarllen",
        keep="Cadwch y papur hwn. Mae'n profi pwy ddarllenodd eich cerdyn, a phryd.",
        who="Pwy a'i darllenodd",
        role="Rôl",
        when="Pryd",
        why="Pam",
        what="Beth a welwyd",
        retention="Am ba hyd y'i cedwir",
        wrong="A oedd hyn yn anghywir? Gofynnwch iddynt pam, a dangoswch y papur hwn.",
        proof="Mae'r prawf isod. Gall eich waled ei gadw. Ni all neb ddarllen eich iechyd ohono.",
        reasons={
            1: "Roedd er lles y cyhoedd",
            2: "Mae'r gyfraith yn gofyn am hyn",
            3: "Gofynnodd llys am hyn",
            4: "Roedd yn argyfwng ac nid oedd modd gofyn i chi",
            5: "Fe ddywedoch chi iawn",
            6: "Rheswm arall. Gofynnwch iddynt pa un",
        },
    ),
)
