"""Sign-ins that were begun, in the vault until they are answered or half an hour old.

Rules: an answer counts only in the wallet that began (its state lies in this vault and nowhere
else) and once, rightly or wrongly; it is deleted before its code goes anywhere. What is *not* here:
the messages (``wallet.client.signing_in``), and what is done with the records (``receiving``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError
from healthpassport.keys import generate_signer, signer_from_private_jwk
from healthpassport.protocols.oid4vci import parse_any_offer
from wallet.client.access import Access, Caller
from wallet.client.offers import OpenedOffer, describe
from wallet.client.signing_in import Begun, by_sign_in, code_of
from wallet.client.signing_in import begin as push
from wallet.vault import Vault

from .attested import attested_for
from .grants import id_of
from .surroundings import Surroundings

LIFE: Final = timedelta(minutes=30)  # an issuer gives fifteen for the sign-in itself
MAX_OPEN: Final = 8
BACK: Final = "/add/signed-in"
_TAG: Final = "sign in"


def way_back(port: int) -> str:
    """Where a browser on this machine brings the answer: a page of the wallet, on ``port``.

    RFC 8252 section 7.3: an address and no name, so that any port is taken.
    """
    return f"http://127.0.0.1:{port}{BACK}"


@dataclass(frozen=True, slots=True)
class _Open:
    """One that waits for its answer: the offer that it is for, and the key of its tokens."""

    row: int
    begun: Begun
    at: datetime
    offer: bytes = field(repr=False)
    key: Mapping[str, Json] = field(repr=False)


def begin(opened: OpenedOffer, redirect_uri: str, *, vault: Vault, around: Surroundings) -> str:
    """Begin one for ``opened``; the address for the browser.

    Raises:
        As ``signing_in.begin`` and ``attested_for``.
    """
    signer, now = generate_signer(), around.clock()
    attested = attested_for(
        opened.server, vault=vault, around=around, line=id_of(signer), signs_in=True
    )
    caller = Caller(signer, around.fetcher, now, around.random, attested)
    begun, address = push(
        opened, client_id=around.client_id, redirect_uri=redirect_uri, caller=caller
    )
    stored: dict[str, Json] = {
        "at": now.isoformat(),
        "offer": opened.offer.wire(),
        "key": signer.private_jwk(),
        "server": begun.server,
        "clientId": begun.client_id,
        "redirectUri": begun.redirect_uri,
        "state": begun.state,
        "verifier": begun.verifier,
    }
    known = _read(vault)
    old = [one.row for one in known if one.at + LIFE <= now]
    left = [one.row for one in known if one.row not in old]
    with vault.transaction() as writer:
        for row in (*old, *left[: max(0, len(left) - MAX_OPEN + 1)]):
            writer.delete("state", row)
        writer.add("state", dump_json(stored), tag=vault.tag(_TAG))
    return address


def finish(
    answer: Mapping[str, str], *, vault: Vault, around: Surroundings
) -> tuple[OpenedOffer, Access]:
    """What ``answer`` gives access to: the offer that was signed in for.

    Raises:
        ServiceError: ``wallet.sign_in_unknown`` for a state that waits for no answer here, and as
            ``signing_in.code_of`` and ``signing_in.by_sign_in``.
    """
    found = _taken(answer.get("state", ""), vault, around.clock())
    code = code_of(answer, found.begun)
    offer, server = parse_any_offer(found.offer), found.begun.server
    opened = describe(offer, fetcher=around.fetcher, asked=server)
    signer = signer_from_private_jwk(found.key)
    attested = attested_for(
        opened.server, vault=vault, around=around, line=id_of(signer), signs_in=True
    )
    caller = Caller(
        signer, around.fetcher, around.clock(), around.random, attested, around.provider
    )
    return opened, by_sign_in(caller, opened.server, begun=found.begun, code=code)


def _taken(state: str, vault: Vault, now: datetime) -> _Open:
    """The one with ``state``, which is not there any more from now on."""
    fitting = [
        one for one in _read(vault) if compare_digest(one.begun.state.encode(), state.encode())
    ]
    if not fitting:
        raise ServiceError("wallet.sign_in_unknown")
    with vault.transaction() as writer:
        writer.delete("state", fitting[0].row)
    if fitting[0].at + LIFE <= now:
        raise ServiceError("wallet.sign_in_unknown", "it took too long")
    return fitting[0]


def _read(vault: Vault) -> tuple[_Open, ...]:
    """All of them, the oldest first."""
    rows = sorted(vault.rows("state", tag=vault.tag(_TAG)))
    return tuple(_open(row, vault.read("state", row)) for row in rows)


def _open(row: int, data: bytes) -> _Open:
    """Only we write them, and the vault vouches for every byte."""
    stored = parse_json_object(data)
    key = stored["key"]
    return _Open(
        row=row,
        begun=Begun(
            server=str(stored["server"]),
            client_id=str(stored["clientId"]),
            redirect_uri=str(stored["redirectUri"]),
            state=str(stored["state"]),
            verifier=str(stored["verifier"]),
        ),
        at=datetime.fromisoformat(str(stored["at"])).astimezone(UTC),
        offer=dump_json(stored["offer"]),
        key=key if isinstance(key, Mapping) else {},
    )
