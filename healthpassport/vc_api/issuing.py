"""Issuing for the adapter: a checked credential, signed in the issuer's own name.

What is *not* here: records. What a caller sends is signed with a key that nobody trusts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from healthpassport.canonical import to_dataset
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import ProtocolError
from healthpassport.formats.data_integrity import ASSERTION, add_proof
from healthpassport.formats.vcdm import MODEL_1, READABLE, check_credential
from healthpassport.vc_api.bodies import Request, document
from healthpassport.vc_api.keys import OwnIssuer
from healthpassport.vc_api.surroundings import Surroundings

DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"


def issued(own: OwnIssuer, request: Request, around: Surroundings) -> dict[str, Json]:
    """The credential of ``request``, with a status entry if one was asked for, and its proof.

    Raises:
        PassportError: for a credential that does not conform or is another's, and for options
            that cannot be met.
    """
    given = {**document(request, "credential")}
    if "proof" in given:
        raise ProtocolError("vcapi.secured")
    given["issuer"] = _named(given.get("issuer", own.did), own.did)
    # An issuer may date ahead or back (VC Data Model 2.0 section 4.9).
    checked = check_credential(given, now=None, models=READABLE, resources=around.resources)
    if checked.issuer != own.did:
        raise ProtocolError("vcapi.issuer")
    if wanted := request.options.get("credentialStatus"):
        asked = wanted if isinstance(wanted, list) else [wanted]
        entries: list[Json] = [*checked.statuses, *map(around.statuses.entry, asked)]
        given["credentialStatus"] = entries if len(entries) > 1 else entries[0]
    if checked.version == MODEL_1.version:
        given["@context"] = _with_proof_terms(given["@context"])
    # What no signature would cover is refused for every suite, also for those that sign plain JSON.
    to_dataset(given, contexts=around.contexts)
    pointers = request.texts("mandatoryPointers") or ()
    return signed(given, own, pointers, around, now=around.clock())


def signed(
    given: JsonObject,
    own: OwnIssuer,
    pointers: Sequence[str],
    around: Surroundings,
    *,
    now: datetime,
) -> dict[str, Json]:
    """``given`` with the proof of ``own``."""
    return add_proof(
        given,
        cryptosuite=own.profile.cryptosuite,
        signer=own.signer,
        verification_method=own.verification_method,
        purpose=ASSERTION,
        created=now,
        contexts=around.contexts,
        randomness=around.random,
        mandatory_pointers=pointers,
    )


def _named(issuer: Json, did: str) -> Json:
    """What is said of the issuer, with its own DID where it says none."""
    if isinstance(issuer, Mapping) and "id" not in issuer:
        return {**issuer, "id": did}
    return issuer


def _with_proof_terms(context: Json) -> Json:
    """VC Data Integrity 1.0 section 2.4.1: terms of a proof, which model 1.1 does not define."""
    entries = context if isinstance(context, list) else [context]
    return entries if DATA_INTEGRITY in entries else [*entries, DATA_INTEGRITY]
