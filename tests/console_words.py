"""Every word that the console's pages can say: ``words()`` maps an area to its messages.

Areas: ``words`` (issuer/service), ``keeping`` (reports, keys, lists, the trail, cards), ``many``
(offers to many, records that wait) and ``pages`` (the other templates and modules of issuer/web).
"""

from __future__ import annotations

from pathlib import Path

from page_words import of_python, of_template
from repository import ROOT

CONSOLE = ROOT / "issuer"
AREAS = {"words": ("service",), "pages": ("web", "templates")}
KEEPING = (
    "templates/keeping", "templates/reports", "templates/card",
    "web/audit", "web/keeping", "web/reports", "web/cards", "web/card_",
)  # fmt: skip
MANY = ("templates/many", "templates/waiting", "web/many", "web/waiting")


def templates() -> list[Path]:
    return sorted((CONSOLE / "templates").rglob("*.html"))


def words() -> dict[str, set[str]]:
    """All messages by area; both forms of a message with a plural."""
    found: dict[str, set[str]] = {}
    for area, paths in _paths().items():
        html = [of_template(path) for path in paths if path.suffix == ".html"]
        code = [of_python(path) for path in paths if path.suffix == ".py"]
        found[area] = {text for one in html for message in one for text in message}.union(*code)
    return found


def _paths() -> dict[str, list[Path]]:
    found = {
        area: [path for folder in folders for path in sorted((CONSOLE / folder).rglob("*"))]
        for area, folders in AREAS.items()
    }
    for area, parts in (("keeping", KEEPING), ("many", MANY)):
        found[area] = [path for path in found["pages"] if _is_of(path, parts)]
        found["pages"] = [path for path in found["pages"] if not _is_of(path, parts)]
    return found


def _is_of(path: Path, parts: tuple[str, ...]) -> bool:
    return path.relative_to(CONSOLE).as_posix().startswith(parts)


def message_ids() -> dict[str, set[str]]:
    """The messages by which translations are found: of a plural, the first form."""
    several = {m[1] for path in templates() for m in of_template(path) if len(m) > 1}
    return {area: texts - several for area, texts in words().items()}
