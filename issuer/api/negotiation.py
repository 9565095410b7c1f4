"""Which of two forms a client prefers (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from typing import Final

MAX_RANGES: Final = 32  # of one Accept header; the rest is not read


def prefers(accept: str, wanted: str, *, over: str) -> bool:
    """Whether ``accept`` names media type ``wanted`` and does not like ``over`` better.

    A wildcard names nothing: who does not know of ``wanted`` gets ``over``. Of two that are liked
    equally the one that stands first is meant.
    """
    found: dict[str, float] = {}
    for entry in accept.split(",")[:MAX_RANGES]:
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        found.setdefault(name, _quality(parameters))
    if not found.get(wanted):
        return False
    names = list(found)
    other = found.get(over, 0.0)
    return found[wanted] > other or (
        found[wanted] == other and names.index(wanted) < names.index(over)
    )


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
