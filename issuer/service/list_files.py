"""Status lists as files that any web server or CDN can serve.

Rules: a file is replaced whole; a list is signed anew when an entry or the key changed, or an hour
has passed; nothing is published that is older than what is there, above all nothing in which a
withdrawn record stands again: a database that comes from a backup would do that. A file that a
clock signed which had leapt holds nothing up: no desk takes it. What is *not* here: bringing such a
database up to date (``restoring``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.encoding import Json, JsonObject, dump_json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError
from issuer.settings import LDP_VC
from issuer.store import bitstrings, statuses

from .bitstrings import bitstring_uri, published_bitstring
from .clock_watch import soonest_leap
from .context import IssuerContext
from .identity import has_did
from .published_files import Held, read_bitstring, read_token
from .token_lists import PublishedList, gzipped, list_uri, published_list

RESIGN_SECONDS: Final = 3_600  # until a list that did not change is signed anew
INDEX: Final = "index.json"  # what the address of all lists answers (draft section 9.3)
STATE: Final = "published.json"  # what stands in the folder, for the next time
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one list: its address, its file, and whether that was written now."""

    uri: str
    file: Path
    written: bool


@dataclass(frozen=True, slots=True)
class _Listed:
    """One list of the database, of either kind."""

    name: str
    number: int
    version: int
    uri: str

    def sign(self, issuer: IssuerContext) -> PublishedList:
        bitstring = self.name.startswith("bitstring/")
        return (published_bitstring if bitstring else published_list)(issuer, self.number)

    def read(self, data: bytes) -> Held | None:
        return (read_bitstring if self.name.startswith("bitstring/") else read_token)(data)


def publish_files(issuer: IssuerContext, folder: Path) -> tuple[Published, ...]:
    """Bring the files in ``folder`` up to date; another process that does so goes first.

    ``<number>`` is a token status list, ``<number>.cwt`` the same as a CWT, ``bitstring/<number>``
    a list for W3C records; ``.gz`` files beside them are for who accepts that coding.

    Raises:
        ServiceError: ``issuer.folder``; ``issuer.list_older`` after all other lists were written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            return _publish(issuer, folder)
    except OSError as error:
        raise ServiceError("issuer.folder") from error


def _publish(issuer: IssuerContext, folder: Path) -> tuple[Published, ...]:
    listed = _listed(issuer)
    before, key = _state(folder), issuer.signer.public_key.thumbprint()
    with issuer.store.reading() as tx:
        leap = soonest_leap(issuer, tx)
    now: dict[str, Json] = {}
    done, older = [], []
    for one in listed:
        path = folder / one.name
        known = before.get(one.name)
        if path.exists() and _is_current(known, one, key=key, now=issuer.now()):
            now[one.name] = known
            done.append(Published(one.uri, path, written=False))
            continue
        signed = one.sign(issuer)
        if _is_older(one, path, signed, leap=leap):
            older.append(one.uri)
            now[one.name] = known
            continue
        _write_list(path, signed)
        now[one.name] = {"version": signed.version, "signed": signed.issued_at, "key": key}
        done.append(Published(one.uri, path, written=True))
    _retire(folder, before.keys() - now.keys())
    uris: list[Json] = [one.uri for one in listed]
    _write(folder / INDEX, dump_json({"status_lists": uris}), at=issuer.now())
    _write(folder / STATE, dump_json(now), at=issuer.now())
    if older:
        raise ServiceError("issuer.list_older", ", ".join(older))
    return tuple(done)


def _listed(issuer: IssuerContext) -> tuple[_Listed, ...]:
    with issuer.store.reading() as tx:
        tokens = statuses.lists(tx)
        others = bitstrings.lists(tx) if _has_bitstrings(issuer) else ()
    return (
        *(_Listed(str(s.number), s.number, s.version, list_uri(issuer, s.number)) for s in tokens),
        *(
            _Listed(f"bitstring/{s.number}", s.number, s.version, bitstring_uri(issuer, s.number))
            for s in others
        ),
    )


def _has_bitstrings(issuer: IssuerContext) -> bool:
    """W3C records may have been issued in the past, so that their lists stay."""
    return has_did(issuer) or LDP_VC in issuer.settings.formats


def _state(folder: Path) -> JsonObject:
    try:
        return parse_json_object((folder / STATE).read_bytes())
    except (FileNotFoundError, EncodingError):
        return {}


def _is_current(known: Json, one: _Listed, *, key: str, now: int) -> bool:
    match known:
        case {"version": int(version), "signed": int(signed), "key": str(by)}:
            return version == one.version and by == key and 0 <= now - signed < RESIGN_SECONDS
        case _:
            return False


def _is_older(one: _Listed, path: Path, signed: PublishedList, *, leap: int | None) -> bool:
    """Whether ``signed`` would take back what stands in ``path``, or what desks saw after it.

    What was signed after ``leap`` was seen by nobody.
    """
    try:
        before = one.read(path.read_bytes())
    except FileNotFoundError:
        return False
    after = one.read(signed.text.encode())
    if before is None or after is None:
        return False
    in_order = before.issued_at <= signed.issued_at or (
        leap is not None and before.issued_at > leap
    )
    return not in_order or after.forgets(before)


def _write_list(path: Path, signed: PublishedList) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = signed.text.encode()
    if signed.cwt is not None:
        _write(path.with_name(f"{path.name}.cwt"), signed.cwt, at=signed.issued_at)
    _write(path.with_name(f"{path.name}.gz"), gzipped(body), at=signed.issued_at)
    _write(path, body, at=signed.issued_at)


def _write(path: Path, body: bytes, *, at: int) -> None:
    """The file whole or not at all; its time is what servers make validators from."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(body)
    os.utime(partial, (at, at))
    partial.replace(path)


def _retire(folder: Path, names: Iterator[str] | set[str]) -> None:
    for name in names:
        for ending in ("", ".gz", ".cwt"):
            (folder / f"{name}{ending}").unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
