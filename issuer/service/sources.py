"""The sources of an issuer by their kinds, and how an offer remembers which of them it came from.

A source reads FHIR by a name and finds the name by who somebody is (``issuer.client``). What is
*not* here: whose notes they are, which is checked at each reading (``refreshing``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import SourceError
from issuer.client import FolderSource, Found, Person, Source
from issuer.settings import Settings

if TYPE_CHECKING:
    from healthpassport.fetch import Fetcher

    from .context import IssuerContext

Clock: TypeAlias = Callable[[], datetime]
Randomness: TypeAlias = Callable[[int], bytes]

__all__ = [
    "FHIR",
    "FOLDER",
    "GP_CONNECT",
    "KINDS",
    "SOURCE",
    "FolderSource",
    "Found",
    "Person",
    "Source",
    "SourceReference",
    "kind_of",
    "open_sources",
    "source",
]

FOLDER: Final = "folder"
FHIR: Final = "fhir"
GP_CONNECT: Final = "gp-connect"
KINDS: Final = (FOLDER, FHIR, GP_CONNECT)  # in the order in which one is meant where none is named
SOURCE: Final = "source"  # what a reference is sealed for


@dataclass(frozen=True, slots=True)
class SourceReference:
    """Where records of one person are read.

    Kind and name of the source, which of its people (``subject``), who that was at the first
    reading, and which record types were chosen (none: all). ``key`` is of the digests of what was
    read (``comparing``). It is kept sealed, never in the clear.
    """

    kind: str
    name: str
    subject: str | None
    who: dict[str, Json]
    wanted: tuple[str, ...]
    key: str = field(default="", repr=False)

    def wire(self) -> bytes:
        """The reference as it is sealed."""
        return dump_json(
            {
                "kind": self.kind,
                "name": self.name,
                "subject": self.subject,
                "who": self.who,
                "wanted": list(self.wanted),
                "key": self.key,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> SourceReference:
        """What ``wire`` made; nobody else can seal one."""
        value = parse_json_object(data)
        who, wanted, subject = value["who"], value["wanted"], value["subject"]
        return cls(
            kind=str(value["kind"]),
            name=str(value["name"]),
            subject=None if subject is None else str(subject),
            who=dict(who) if isinstance(who, dict) else {},
            wanted=tuple(str(name) for name in wanted) if isinstance(wanted, list) else (),
            key=str(value.get("key", "")),  # those of before have none
        )


def open_sources(
    settings: Settings, *, clock: Clock, random: Randomness, fetcher: Fetcher | None = None
) -> Mapping[str, Source]:
    """Every source that ``settings`` name, by its kind; nothing is read or called yet.

    Args:
        settings: of the issuer.
        clock: the present.
        random: for one-time ids.
        fetcher: the way to record systems; None for https by the settings.

    Raises:
        SettingsError: ``source.setup`` for a key that cannot be used.
    """
    opened: dict[str, Source] = {}
    if settings.source_folder is not None:
        opened[FOLDER] = FolderSource(settings.source_folder)
    if settings.source_fhir_url:
        from .record_systems import open_fhir  # noqa: PLC0415 - cold start

        opened[FHIR] = open_fhir(settings, clock=clock, random=random, fetcher=fetcher)
    if settings.source_gp_connect_url:
        from .record_systems import open_gp_connect  # noqa: PLC0415 - cold start

        opened[GP_CONNECT] = open_gp_connect(settings, clock=clock, random=random, fetcher=fetcher)
    return opened


def kind_of(issuer: IssuerContext, kind: str | None = None) -> str:
    """The kind of source that is meant by ``kind``, or where none is named.

    Raises:
        SourceError: ``source.none``.
    """
    asked = kind or issuer.settings.source_default
    meant = asked or next((one for one in KINDS if one in issuer.sources), None)
    if meant is None or meant not in issuer.sources:
        raise SourceError("source.none")
    return meant


def source(issuer: IssuerContext, kind: str | None = None) -> Source:
    """The source of this ``kind``, or the one that is meant where none is named.

    Raises:
        SourceError: ``source.none``.
    """
    return issuer.sources[kind_of(issuer, kind)]
