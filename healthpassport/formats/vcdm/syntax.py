"""The kinds of value that the VC Data Model 2.0 is made of: URLs, moments, types, sets of objects.

Every refusal names the property by its path, as section 7.2 asks of a MALFORMED_VALUE_ERROR. What
is *not* here: which property takes which kind, and what a term means to ``canonical``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.jose.times import END_OF_TIME

MAX_URL_CHARS: Final = 4_096  # a did:key URL of an ML-DSA-44 key, twice in it, has some 3,600
MAX_OBJECTS: Final = 100  # in one property: subjects, statuses, resources
START_OF_TIME: Final = datetime(1, 1, 2, tzinfo=UTC)
# The URL standard's URL code points, percent, number sign and brackets; no relative reference.
_URL: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\\[\\]_a-z~\u00a1-\U0010fffd]+")
_HOSTED: Final = re.compile(r"(?:https?|wss?|ftp):", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z]+://[^/?#]", re.IGNORECASE)
_DID: Final = re.compile(r"did:[a-z0-9]+:[^:/?#]")
_TERM: Final = re.compile(r"[^\s@\x00-\x1f][^\s\x00-\x1f]*")
# XML Schema 1.1 part 2 section 3.4.28, as section 5.8 repeats it; a year has four digits or more.
_MOMENT: Final = re.compile(
    r"(-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T(?:([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]+))?|(24:00:00)(?:\.0+)?)"
    r"(?:(Z)|([+-])(?:(0[0-9]|1[0-3]):([0-5][0-9])|(14):(00)))",
    re.ASCII,
)
_MAX_MOMENT_CHARS: Final = 64
_DAY: Final = timedelta(days=1)
_FIRST_YEAR: Final = 1
_LAST_YEAR: Final = 9_999
# BCP 47 in its outer shape (RFC 5646 section 2.1): subtags of one to eight letters and digits.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_TEXT_MEMBERS: Final = frozenset({"@value", "@language", "@direction"})


def malformed(place: str, rule: str) -> CredentialError:
    """A MALFORMED_VALUE_ERROR (section 7.2) that names the property and what it must be."""
    return CredentialError("vcdm.malformed_value", f"{place}: {rule}")


def is_url(value: Json) -> bool:
    """Whether ``value`` is one absolute URL, by its form alone; it is never followed."""
    if not isinstance(value, str) or len(value) > MAX_URL_CHARS or not _URL.fullmatch(value):
        return False
    if value.startswith("did:"):
        return _DID.match(value) is not None
    return not _HOSTED.match(value) or _HOST.match(value) is not None


def url(value: Json, place: str) -> str:
    """The single URL that an identifier is (section 4.4).

    Raises:
        CredentialError: ``vcdm.malformed_value``.
    """
    if not isinstance(value, str) or not is_url(value):
        raise malformed(place, "it must be a single absolute URL")
    return value


def optional_id(holder: JsonObject, place: str) -> str | None:
    """The ``id`` of an object, which it may lack but not have as null or twice (section 4.4)."""
    return url(holder["id"], f"{place}.id" if place else "id") if "id" in holder else None


def objects(value: Json, place: str) -> tuple[JsonObject, ...]:
    """One object, or an array of one or more of them.

    Raises:
        CredentialError: ``vcdm.malformed_value``.
    """
    entries = value if isinstance(value, list | tuple) else [value]
    found = tuple(entry for entry in entries if isinstance(entry, Mapping))
    if not found or len(found) != len(entries):
        raise malformed(place, "it must be an object or an array of one or more objects")
    if len(found) > MAX_OBJECTS:
        raise malformed(place, f"it holds more than {MAX_OBJECTS} objects")
    return found


def types(holder: JsonObject, place: str) -> tuple[str, ...]:
    """The ``type`` of an object: one or more terms and absolute URLs (section 4.5).

    Whether a term stands for a URL is the context's to say, when the document is canonicalised.

    Raises:
        CredentialError: ``vcdm.malformed_value``.
    """
    value, where = holder.get("type"), f"{place}.type" if place else "type"
    entries = value if isinstance(value, list | tuple) else [value]
    found = tuple(entry for entry in entries if isinstance(entry, str))
    if not found or len(found) != len(entries):
        raise malformed(where, "it must be one or more terms or absolute URLs")
    if not all(is_url(name) if ":" in name else _TERM.fullmatch(name) for name in found):
        raise malformed(where, "every type must be a term or an absolute URL")
    return found


def texts(value: Json, place: str) -> None:
    """A text for people: a string, a language value object, or several (sections 4.6 and 11.1).

    Raises:
        CredentialError: ``vcdm.malformed_value``.
    """
    entries: Sequence[Json] = value if isinstance(value, list | tuple) else [value]
    if not entries:
        raise malformed(place, "it must hold a text")
    for entry in entries:
        if isinstance(entry, Mapping):
            _language_value(entry, place)
        elif not isinstance(entry, str):
            raise malformed(place, "it must be a string or a language value object")


def _language_value(entry: JsonObject, place: str) -> None:
    """Section 11.1: @value, and beside it @language and @direction and nothing else."""
    if not isinstance(entry.get("@value"), str):
        raise malformed(place, "a language value object needs @value, a string")
    if not entry.keys() <= _TEXT_MEMBERS:
        raise malformed(place, "beside @value only @language and @direction may stand")
    language = entry.get("@language", "und")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise malformed(place, "@language must be a language tag of BCP 47")
    if entry.get("@direction", "ltr") not in ("ltr", "rtl"):
        raise malformed(place, "@direction must be ltr or rtl")


def moment(value: Json, place: str) -> datetime:
    """The point in time of a ``dateTimeStamp``, in UTC (sections 4.9 and 5.8).

    Without a time zone it is no dateTimeStamp and refused. What lies beyond the years that a
    datetime holds counts as their first or last day, so that a tolerance can be added to it.

    Raises:
        CredentialError: ``vcdm.malformed_value``.
    """
    match = None
    if isinstance(value, str) and len(value) <= _MAX_MOMENT_CHARS:
        match = _MOMENT.fullmatch(value)
    if match is None:
        raise malformed(place, "it must be a dateTimeStamp, with its time zone")
    year = int(match[1])
    if year > _LAST_YEAR:
        return END_OF_TIME
    try:
        found = _assembled(match, max(year, _FIRST_YEAR))
    except ValueError as error:
        raise malformed(place, "there is no such day") from error
    if year < _FIRST_YEAR or found < START_OF_TIME:
        return START_OF_TIME
    return END_OF_TIME if found > END_OF_TIME else found.astimezone(UTC)


def _assembled(match: re.Match[str], year: int) -> datetime:
    minutes = int(match[11] or match[13] or 0) * 60 + int(match[12] or 0)
    zone = timezone(timedelta(minutes=-minutes if match[10] == "-" else minutes))
    day = datetime(year, int(match[2]), int(match[3]), tzinfo=zone)
    if match[8]:  # 24:00:00 is the first moment of the next day
        return day + _DAY if day.date() < date.max else day
    fraction = (match[7] or "")[:6].ljust(6, "0")
    return day.replace(
        hour=int(match[4]), minute=int(match[5]), second=int(match[6]), microsecond=int(fraction)
    )
