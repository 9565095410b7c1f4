"""What was lent to helpers, and the invitations that are open, as the vault keeps them.

What is *not* here: how it is lent (``lending``), or what a helper does with it (``borrowing``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, b64url_decode, b64url_encode, dump_json, parse_json_object
from healthpassport.keys import SoftwareSigner, generate_signer, signer_from_private_jwk
from wallet.handing import OpenInvitation, read_invitation
from wallet.vault import Vault, Writer

from .grants import Grant
from .shelf import StoredRecord

GIVEN: Final = "given"
INVITATION: Final = "invitation"
_KEY: Final = "helpers key"


@dataclass(frozen=True, slots=True)
class LentRecord:
    """One record that was lent: what it is, how much of it, and where its copies' statuses are.

    ``places`` holds address and index of a status list for each copy; ``withdrawn`` that the issuer
    said that those copies are of no use any more.
    """

    label: str
    type: str
    iss: str
    issuer: str
    shown: int
    total: int
    places: tuple[tuple[str, int], ...]
    withdrawn: bool = False

    def wire(self) -> dict[str, Json]:
        """The record as it is stored."""
        return {
            "label": self.label,
            "type": self.type,
            "iss": self.iss,
            "issuer": self.issuer,
            "shown": self.shown,
            "total": self.total,
            "places": [[uri, index] for uri, index in self.places],
            "withdrawn": self.withdrawn,
        }


@dataclass(frozen=True, slots=True)
class Gift:
    """What one helper was lent: from whose passport, when, until when, and whether it has ended.

    ``package`` is kept until then: only the helper's key opens it, and only once.
    """

    row: int
    name: str
    invitation: str
    person: str
    made: datetime
    until: datetime
    records: tuple[LentRecord, ...]
    words: tuple[str, ...]
    ended: datetime | None = None
    package: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """The gift's name for its owner."""
        return f"{self.row:014x}"

    @property
    def withdrawn(self) -> bool:
        """Whether every issuer has withdrawn its copies."""
        return all(record.withdrawn for record in self.records)

    def end(self, now: datetime) -> Gift:
        """The gift, ended."""
        return replace(self, ended=self.ended or now, package="")

    def wire(self) -> bytes:
        """The gift as it is stored."""
        return dump_json(
            {
                "kind": GIVEN,
                "name": self.name,
                "invitation": self.invitation,
                "person": self.person,
                "made": self.made.isoformat(),
                "until": self.until.isoformat(),
                "ended": None if self.ended is None else self.ended.isoformat(),
                "records": [record.wire() for record in self.records],
                "words": list(self.words),
                "package": self.package,
            }
        )


def read_gifts(vault: Vault) -> tuple[Gift, ...]:
    """Everything that was lent, the newest first."""
    found = [_gift(row, stored) for row, stored in _rows(vault) if stored["kind"] == GIVEN]
    return tuple(sorted(found, key=lambda gift: (gift.made, gift.row), reverse=True))


def not_withdrawn(vault: Vault, person: str) -> bool:
    """Whether helpers have copies of ``person`` that no issuer has withdrawn."""
    return any(gift.person == person and not gift.withdrawn for gift in read_gifts(vault))


def lent_through(vault: Vault, known: Iterable[Grant], person: str) -> bool:
    """Whether helpers have copies that came by one of the grants ``known`` of ``person``."""
    return any(
        not_withdrawn(vault, one)
        for grant in known
        if grant.person == person
        for one in grant.people
    )


def borrowers(
    vault: Vault, record: StoredRecord | None, *, people: Collection[str], now: datetime
) -> tuple[str, ...]:
    """The helpers who have copies of ``record`` as it stands here, each once.

    ``people`` are the passports that it stood in.
    """
    if record is None:
        return ()
    names = (
        gift.name
        for gift in read_gifts(vault)
        if gift.person in people and gift.ended is None and gift.until > now
        # what was lent before it came to say this has been replaced, and told, before
        if gift.made >= record.says_since
        and any((one.iss, one.type) == (record.iss, record.record.type) for one in gift.records)
    )
    return tuple(dict.fromkeys(names))


def read_invitations(vault: Vault) -> tuple[tuple[int, OpenInvitation], ...]:
    """The invitations of this wallet that nobody has answered, each with its row."""
    return tuple(
        (
            row,
            OpenInvitation(
                read_invitation(str(stored["text"])), b64url_decode(str(stored["private"]))
            ),
        )
        for row, stored in _rows(vault)
        if stored["kind"] == INVITATION
    )


def add_invitation(writer: Writer, made: OpenInvitation) -> int:
    """Keep an invitation with its private key."""
    stored: dict[str, Json] = {
        "kind": INVITATION,
        "text": made.invitation.text,
        "private": b64url_encode(made.private_key),
    }
    return writer.add("helpers", dump_json(stored))


def owner_signer(vault: Vault) -> SoftwareSigner:
    """The key by which helpers know this wallet; made when it is first needed."""
    tag = vault.tag(_KEY)
    rows = vault.rows("state", tag=tag)
    if rows:
        stored = parse_json_object(vault.read("state", rows[0]))["key"]
        return signer_from_private_jwk(stored if isinstance(stored, Mapping) else {})
    made = generate_signer()
    with vault.transaction() as writer:
        writer.add("state", dump_json({"key": made.private_jwk()}), tag=tag)
    return made


def _rows(vault: Vault) -> list[tuple[int, Mapping[str, Json]]]:
    return [(row, parse_json_object(vault.read("helpers", row))) for row in vault.rows("helpers")]


def _gift(row: int, stored: Mapping[str, Json]) -> Gift:
    """Only we write gifts, and the vault vouches for every byte of them."""
    ended = stored["ended"]
    return Gift(
        row=row,
        name=str(stored["name"]),
        invitation=str(stored["invitation"]),
        person=str(stored["person"]),
        made=datetime.fromisoformat(str(stored["made"])),
        until=datetime.fromisoformat(str(stored["until"])),
        records=tuple(_lent(entry) for entry in _list(stored["records"])),
        words=tuple(str(word) for word in _list(stored["words"])),
        ended=datetime.fromisoformat(ended) if isinstance(ended, str) else None,
        package=str(stored["package"]),
    )


def _lent(stored: Json) -> LentRecord:
    row = stored if isinstance(stored, Mapping) else {}
    shown, total = row["shown"], row["total"]
    return LentRecord(
        label=str(row["label"]),
        type=str(row["type"]),
        iss=str(row["iss"]),
        issuer=str(row["issuer"]),
        shown=shown if isinstance(shown, int) else 0,
        total=total if isinstance(total, int) else 0,
        places=tuple(_place(entry) for entry in _list(row["places"])),
        withdrawn=row["withdrawn"] is True,
    )


def _place(entry: Json) -> tuple[str, int]:
    uri, index = entry if isinstance(entry, list) else ("", 0)
    return str(uri), index if isinstance(index, int) else 0


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []
