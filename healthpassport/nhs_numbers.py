"""NHS numbers by their check digit (NHS Data Dictionary, modulus 11).

What is *not* here: whose number it is, and whether anybody has it.
"""

from __future__ import annotations

import re
from typing import Final

DIGITS: Final = 10
_RUNS: Final = re.compile(r"\d(?:[ -]?\d){9,}")


def is_nhs_number(text: str) -> bool:
    """Whether ``text`` is ten digits whose last fits them; spaces and hyphens do not count."""
    digits = "".join(c for c in text if c not in " -")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * (DIGITS - place) for place, digit in enumerate(digits[:-1]))
    return (11 - total % 11) % 11 == int(digits[-1])


def without_numbers(text: str) -> str:
    """``text`` in which every run of digits that holds an NHS number is taken out."""
    return _RUNS.sub(lambda run: "(number)" if _holds_number(run.group()) else run.group(), text)


def _holds_number(run: str) -> bool:
    digits = "".join(c for c in run if c.isdigit())
    return any(is_nhs_number(digits[at : at + DIGITS]) for at in range(len(digits) - DIGITS + 1))
