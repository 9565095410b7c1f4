"""Assertions that there is none, and that nothing is known: five spellings, told apart by scope.

A SNOMED CT situation code, an IPS absent-unknown code, a display, a text, a data-absent-reason. The
codes come from the reviewed file ``data/negations.json``. A negation narrower than its section is
kept in its own words and never covers the section. What is *not* here: emptyReason (lists.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from healthpassport.encoding import parse_json

from .values import ABSENT_REASON, NULL_FLAVOR, Coding, Concept, obj, objs, string


class Kind(StrEnum):
    """What a negation says."""

    NEGATED = "negated"
    ABSENT_INFO = "absent_info"


@dataclass(frozen=True, slots=True)
class Negation:
    """A negation and whether it covers its whole section."""

    kind: Kind
    whole: bool


SNOMED: Final = "snomed"
IPS: Final = "ips"
_NOT_ASKED: Final = frozenset({"nask", "ni"})  # HL7 v3 NullFlavor: not asked, no information


@cache
def _reviewed() -> dict[tuple[str, str], tuple[str, Negation]]:
    """The reviewed codes: (system, code) -> section and meaning."""
    text = files(__package__).joinpath("data", "negations.json").read_bytes()
    return {
        (string(row.get("system")) or "", string(row.get("code")) or ""): (
            string(row.get("section")) or "",
            Negation(Kind(string(row.get("kind")) or ""), row.get("scope") == "whole"),
        )
        for row in objs(obj(parse_json(text)).get("codes"))
    }


def system_of(coding: Coding) -> str | None:
    """The short name of a reviewed code system, however its URL is spelled."""
    system = (coding.system or "").strip().lower()
    if "snomed.info/sct" in system or system.endswith("2.16.840.1.113883.6.96"):
        return SNOMED
    if "absent-unknown" in system or system.endswith("2.16.840.1.113883.5.1150.1"):
        return IPS
    return None


def _listed(coding: Coding, section: str) -> Negation | None:
    """The reviewed meaning of ``coding``; a code without a system is known by its digits."""
    number = (coding.code or "").strip()
    systems = (SNOMED, IPS) if not coding.system else (system_of(coding) or "",)
    for system in systems:
        if row := _reviewed().get((system, number)):
            own, negation = row
            return negation if own == section else Negation(negation.kind, whole=False)
    return _like_ips(number.lower(), section) if system_of(coding) == IPS else None


def _like_ips(number: str, section: str) -> Negation | None:
    """An unlisted code of the IPS system, which names what it denies: no-known-*, no-*-info."""
    if number.startswith("no-") and number.endswith("-info"):
        return Negation(Kind.ABSENT_INFO, whole=False)
    if not number.startswith("no-known-"):
        return None
    thing = number.removeprefix("no-known-").replace("-", " ")
    return Negation(Kind.NEGATED, bool(re.fullmatch(_THINGS.get(section, r"(?!)"), thing)))


def _is_null(coding: Coding) -> bool:
    return NULL_FLAVOR in (coding.system or "").lower().replace("-", "")


def negation(found: Concept, section: str) -> Negation | None:
    """What ``found`` denies, or None where it names something."""
    return None if found.several else _denied(found, section)


def _denied(found: Concept, section: str) -> Negation | None:
    listed = [n for c in found.codings if (n := _listed(c, section)) is not None]
    if listed and not _contradicted(found, section):
        whole = all(n.whole for n in listed)
        unknown = any(n.kind is Kind.ABSENT_INFO for n in listed)
        return Negation(Kind.ABSENT_INFO if unknown else Kind.NEGATED, whole and not unknown)
    coded = [c for c in found.codings if c.code and not _is_null(c)]
    if found.absent and not [c for c in coded if not (c.system or "").endswith(ABSENT_REASON)]:
        return None if _names(found, section) else Negation(Kind.ABSENT_INFO, whole=False)
    if coded:
        return _by_displays(coded, section)
    nulls = {(c.code or "").strip().lower() for c in found.codings if _is_null(c)}
    words = [w for w in (found.text, *(c.display for c in found.codings)) if w]
    if nulls and nulls <= _NOT_ASKED:
        return None if _names(found, section) else Negation(Kind.ABSENT_INFO, whole=False)
    said = [_in_words(word, section) for word in words if not nulls or word == found.text]
    if not said or None in said:
        return None
    known = [n for n in said if n is not None]
    return known[0] if all(n == known[0] for n in known) else Negation(known[0].kind, whole=False)


def _contradicted(found: Concept, section: str) -> bool:
    """Whether a second SNOMED CT code beside the listed one names something in its own words."""
    return any(
        coding.display is not None and _in_words(coding.display, section) is None
        for coding in found.codings
        if system_of(coding) == SNOMED and _listed(coding, section) is None
    )


def _names(found: Concept, section: str) -> bool:
    """Whether the text names something although its code is said to be absent (rule 9)."""
    text = (found.text or "").strip()
    shown = {(word or "").casefold() for c in found.codings for word in (c.display, c.code)}
    if not text or text.casefold() in shown or _NAMELESS.fullmatch(text):
        return False
    return _in_words(text, section) is None


def _by_displays(coded: list[Coding], section: str) -> Negation | None:
    """An unlisted code whose own display denies: shown so, but it never covers the section."""
    said = [_in_words(c.display, section) if c.display else None for c in coded]
    if not said or None in said:
        return None
    kinds = {n.kind for n in said if n is not None}
    return Negation(Kind.ABSENT_INFO if Kind.ABSENT_INFO in kinds else Kind.NEGATED, whole=False)


_NO: Final = (
    r"(?:(?:the )?(?:patient|subject|person|pt)(?:'s)? (?:has|have|is) |there are |has )?"
    r"(?:no|nil|not any|none)(?: (?:known|current|active|regular))*"
)
# Words that leave room for something after all, or begin to tell of it: "no known allergies except
# penicillin" is no negation, and is shown as it stands.
_AFTER_ALL: Final = re.compile(
    r"\b(?:except\w*|exclud\w+|exception|apart from|aside from|other than|outside of|but|however|"
    r"besides|although|though|unless|only|beyond|with|until|since|"
    r"(?<!not )(?<!not known to be )allergic to|intolerant|sensitive to|react(?:s|ed|ing)|"
    r"caus(?:es?|ed|ing)|anaphyla\w*|rash|hives|swelling|suspected|possibl[ey]|query)\b"
    r"|[;:!?.](?=\s)|\?"
)
_NAMELESS: Final = re.compile(
    r"(?:temporarily |asked but )?unknown|not known|unspecified|not specified|not stated|"
    r"not available|not applicable|unavailable|n/?a|none|nil|masked|missing|no data|data absent|"
    r"\W*",
    re.IGNORECASE,
)
_THINGS: Final = {
    "allergies": r"(?:allerg(?:y|ies)|allergic (?:conditions?|reactions?)|"
    r"allergies (?:or|and|/) (?:adverse reactions?|(?:drug )?intolerances?|sensitivities))",
    "medications": r"(?:medications?|medicines?|drugs?|meds|medication use|drug therapy)",
    "problems": r"(?:(?:health |medical )?(?:problems?|conditions?|diagnos[ei]s|issues?|"
    r"history)(?: or disabilit(?:y|ies))?)",
    "immunisations": r"(?:immuni[sz]ations?|vaccinations?|vaccines?)",
    "procedures": r"(?:procedures?|operations?|surgery|surgical procedures?)",
    "devices": r"(?:devices?|implants?|implanted devices?)(?: in use)?",
}
_NARROWER: Final = {
    "allergies": r"nkda|nkma|nkfa|no known (?:.+ )?(?:allerg|intoleranc|sensitiv).*|"
    r"(?:no|nil) (?:[a-z]+ ){1,3}allerg(?:y|ies).*|no allerg(?:y|ies) to .+|"
    r"not (?:known to be )?allergic to .+",
}
_WHOLE_WORDS: Final = {
    "allergies": r"nka|none known|nil known|not (?:known to be )?allergic to anything",
    "medications": r"none known|nil known|not (?:on|taking) any (?:regular |current )*"
    r"(?:medications?|medicines?)|patient not taking any medications?",
    "problems": r"none known|nil known",
    "immunisations": r"none known|nil known|not (?:immuni[sz]ed|vaccinated)",
}
_UNKNOWN: Final = (
    r"(?:there is )?no (?:relevant )?information(?: (?:is )?(?:available|recorded|given|about|on|"
    r"regarding).*)?|information (?:is )?not (?:available|recorded|known)|(?:patient )?not asked|"
    r"asked but unknown|.{0,40}status (?:is )?(?:unknown|not known|not recorded)|"
    r"not (?:recorded|documented|reviewed|assessed)|not on file"
)


@cache
def _patterns(section: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Whole, narrower and nothing-known patterns of ``section``, all anchored at both ends."""
    things = _THINGS.get(section, r"(?:items?)")
    said = r"(?: (?:known|reported|identified|prescribed|taken|at present|currently))?"
    whole = rf"{_NO} {things}{said}"
    if extra := _WHOLE_WORDS.get(section):
        whole += f"|{extra}"
    narrower = rf"(?:no|nil) (?:other|further|new|relevant|significant)(?: [a-z]+)* {things}|"
    narrower += _NARROWER.get(section, r"(?:no|nil) known .+")
    unknown = (
        rf"{_UNKNOWN}|{things} (?:are |is )?(?:unknown|not (?:known|recorded|documented|on file))|"
        rf"{_NO} {things} (?:recorded|documented|on (?:file|record))"
    )
    flags = re.IGNORECASE
    return re.compile(whole, flags), re.compile(narrower, flags), re.compile(unknown, flags)


def _in_words(text: str, section: str) -> Negation | None:
    """What ``text`` denies, read as a whole sentence: a part of a sentence denies nothing."""
    plain = re.sub(r"\((?:situation|finding|disorder|context-dependent category)\)", "", text)
    plain = re.sub(r"\s+", " ", plain).strip(" .;:!-").casefold()
    if len(plain) > 120:  # noqa: PLR2004 - longer text tells a story, not an absence
        return None
    if _AFTER_ALL.search(plain):
        return None
    whole, narrower, unknown = _patterns(section)
    if unknown.fullmatch(plain):
        return Negation(Kind.ABSENT_INFO, whole=False)
    if whole.fullmatch(plain):
        return Negation(Kind.NEGATED, whole=True)
    if narrower.fullmatch(plain):
        return Negation(Kind.NEGATED, whole=False)
    return None
