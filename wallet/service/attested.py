"""The word of this wallet's provider in the vault: a key and an attestation for each grant.

Rules: none is fetched but for a server that wants one; a key is shown to one server (HAIP 1.0
section 4.4.1) and for one offer with all that follows from it, so that no surgery can tell by it
that two of its patients share a wallet. What is *not* here: the protocol
(``wallet.client.attesting``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError
from healthpassport.keys import SoftwareSigner, generate_signer, signer_from_private_jwk
from healthpassport.protocols.oid4vci import AuthorizationServerMetadata
from wallet.client.attesting import LEFT, Attested, fetch_attestation, may_attest, must_attest
from wallet.vault import Vault, Writer

from .surroundings import Surroundings

OPEN: Final = timedelta(days=1)  # for what may still become a grant
_TAG: Final = "wallet attestation"


def attested_for(
    server: AuthorizationServerMetadata,
    *,
    vault: Vault,
    around: Surroundings,
    line: str,
    signs_in: bool = False,
    before: bool = False,
) -> Attested | None:
    """The provider's word for ``server``, None where it goes without.

    ``line`` is the id of the grant that it is for, or that is to come of it (``grants.id_of``).
    ``signs_in`` says that the owner signs in there, where every server that looks at attestations
    may want one; ``before`` that the server was given one for the same grant.

    Raises:
        ServiceError: ``wallet.attestation_needed`` where there is no provider,
            ``wallet.attestation_failed`` where it does not give one.
    """
    needed = before or must_attest(server, signs_in=signs_in)
    if not around.provider:
        if needed:
            raise ServiceError("wallet.attestation_needed")
        return None
    if not (needed or (signs_in and may_attest(server))):
        return None
    signer, text = _kept(server.issuer, line, vault, around)
    return Attested(
        client_id=around.client_id,
        server=server.issuer,
        text=text,
        signer=signer,
        challenges=server.challenge_endpoint,
    )


def forget_attestations(writer: Writer, rows: tuple[int, ...]) -> None:
    """Delete the keys and attestations in ``rows`` (``attestation_rows``)."""
    for row in rows:
        writer.delete("state", row)


def attestation_rows(vault: Vault) -> tuple[int, ...]:
    """Where keys and attestations stand."""
    return vault.rows("state", tag=vault.tag(_TAG))


def _kept(server: str, line: str, vault: Vault, around: Surroundings) -> tuple[SoftwareSigner, str]:
    """The key for ``server`` and ``line``, and an attestation that is good for a while."""
    now, row = around.clock(), None
    signer = generate_signer()
    for one in attestation_rows(vault):
        stored = parse_json_object(vault.read("state", one))
        if (stored["server"], stored.get("line", "")) != (server, line):
            continue
        row, key = one, stored["key"]
        signer = signer_from_private_jwk(key if isinstance(key, Mapping) else {})
        ends = datetime.fromisoformat(str(stored["ends"]))
        if (stored["provider"], stored["clientId"]) == (around.provider, around.client_id) and (
            ends > now + LEFT
        ):
            return signer, str(stored["text"])
    text, ends = fetch_attestation(
        around.provider,
        key=signer.public_key,
        client_id=around.client_id,
        fetcher=around.fetcher,
        now=now,
    )
    made: dict[str, Json] = {
        "server": server,
        "line": line,
        "at": now.isoformat(),
        "provider": around.provider,
        "clientId": around.client_id,
        "key": signer.private_jwk(),
        "text": text,
        "ends": ends.isoformat(),
    }
    over = _over(vault, now)
    with vault.transaction() as writer:
        forget_attestations(writer, tuple(one for one in over if one != row))
        if row is None:
            writer.add("state", dump_json(made), tag=vault.tag(_TAG))
        else:
            writer.replace("state", row, dump_json(made))
    return signer, text


def _over(vault: Vault, now: datetime) -> tuple[int, ...]:
    """Rows whose grant is no more, or never came to be."""
    grants = [parse_json_object(vault.read("grants", row)) for row in vault.rows("grants")]
    lines = {str(grant.get("id", "")) for grant in grants}
    found = ((row, parse_json_object(vault.read("state", row))) for row in attestation_rows(vault))
    return tuple(
        row
        for row, stored in found
        if str(stored.get("line", "")) not in lines
        and datetime.fromisoformat(str(stored.get("at", stored["ends"]))) + OPEN <= now
    )
