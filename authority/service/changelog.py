"""The public changelog: who was added or removed, as JSON and as a page for people.

Every issuer and verifier ever on the list appears here, also after it was removed. What is *not*
here: keys and claims; those stand in the list itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from authority.store import Change
from healthpassport.encoding import dump_json


def as_json(changes: Iterable[Change], *, name: str) -> bytes:
    """The changelog of the authority ``name`` for machines, oldest first."""
    rows = [change.model_dump(mode="json") for change in changes]
    return dump_json({"type": "hp-trust-changelog", "authority": name, "changes": rows}, indent=1)


def as_page(changes: Iterable[Change], *, name: str) -> bytes:
    """The changelog as Markdown, newest first."""
    lines = [f"# Changes to the trust list of {_plain(name)}", ""]
    rows = [
        f"- {change.at:%Y-%m-%d %H:%M} UTC: {change.kind} {change.action}: "
        f"{_plain(change.name)} ({_plain(change.ods)}), {_plain(change.what)}"
        for change in changes
    ]
    return "\n".join([*lines, *reversed(rows), ""]).encode("utf-8")


def _plain(text: str) -> str:
    """Text that cannot become markup in a page."""
    kept = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#" else sign for sign in kept)
