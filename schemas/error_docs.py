"""Writes ``docs/errors.md`` from ``schemas/errors``: one heading for each code.

``python -m schemas.error_docs`` writes the page, ``--check`` says whether it is up to date (a test
calls it). What is *not* here: any wording of its own about an error; that stands in the catalogue.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import schemas

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "errors.md"

SIDES: Final = {
    "issuer": "the issuer",
    "wallet": "the wallet",
    "verifier": "the desk (verifier)",
    "authority": "the authority (trust list)",
    "network": "the network",
    "source": "what was sent",
    "person": "the person at the keyboard",
}

HEAD: Final = """\
# Errors

Every refusal has a stable code. On the web it comes as `application/problem+json` (RFC 9457) with
the members `code`, `party` and `help`; on the command line as three lines on stderr and an exit
code. The OpenID endpoints answer with the OAuth error that their specification names, and with our
code beside it in `code`.

This page is generated from `schemas/errors/` by `python -m schemas.error_docs` (part of
`make fmt`); change the catalogue, not this page.
"""


def page() -> str:
    """The whole page as Markdown, codes grouped by the file that defines them."""
    parts = [HEAD]
    for area in schemas.names("errors"):
        parts.append(f"## {area}\n")
        rows: dict[str, dict[str, Any]] = schemas.load(f"errors/{area}.json")
        parts += [_entry(code, row) for code, row in rows.items()]
    return "\n".join(parts)


def _entry(code: str, row: dict[str, Any]) -> str:
    return (
        f"### `{code}`\n\n{row['title']}\n\n"
        f"- Whose side: {SIDES[row['party']]}\n"
        f"- HTTP status: {row['status']}\n"
        f"- Next step: {row['hint']}\n"
    )


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; the exit code is 1 when it is out of date."""
    wanted = page()
    if "--check" not in arguments:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write("docs/errors.md is out of date: run python -m schemas.error_docs\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
