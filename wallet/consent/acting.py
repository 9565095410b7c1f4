"""What somebody reads who shows the records of another person. What is *not* here: who that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

PROXIES: Final = "ProxyAuthority"  # shown unasked only by those who act for somebody
ACTING: Final = {
    "en": "You are acting for {name}. Staff will be told.",
    "cy": "Rydych yn gweithredu dros {name}. Caiff y staff wybod.",
}
AGAIN: Final = {
    "en": "The surgery must check these again first: {names}.",
    "cy": "Rhaid i'r feddygfa wirio'r rhain eto yn gyntaf: {names}.",
}
PART: Final = {"en": "{shown} of {total}", "cy": "{shown} o {total}"}


def acting_words(name: str, language: str) -> str:
    """That the records are those of ``name``."""
    return ACTING[language].format(name=name)


def again_words(names: Sequence[str], language: str) -> str:
    """That the records ``names`` are not offered until they were looked at anew."""
    return AGAIN[language].format(names=", ".join(dict.fromkeys(names)))


def count_words(shown: int, total: int, language: str) -> str:
    """How many items there are; of a part, of how many: it must never look like all of them."""
    if shown == total:
        return str(total)
    return PART[language].format(shown=shown, total=total)
