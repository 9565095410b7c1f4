"""From the text that a status list's address served to the list, of either kind, proof checked.

The signer must be a key that the trust list names for the issuer (draft-ietf-oauth-status-list-20
section 11.3; Bitstring Status List 1.0 section 3.2 steps 4 to 6). What is *not* here: fetching.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from healthpassport.encoding import parse_json_object
from healthpassport.errors import CredentialError, DidError, EncodingError, StatusError
from healthpassport.keys.public import PublicKey
from healthpassport.status.held_bitstring import HeldBitstringList, held_bitstring
from healthpassport.status.lookup import StatusListAtHand
from healthpassport.status.token_status_list import MAX_TOKEN_BYTES, MEDIA_TYPE, read
from schemas.definitions import CREDENTIALS_V2

CREDENTIAL_TYPE: Final = "application/vc"  # VC Data Model 2.0 section 6.2
ACCEPT: Final = f"{MEDIA_TYPE}, {CREDENTIAL_TYPE}"


def read_status_list(
    text: str, *, expected_uri: str, iss: str, keys: Sequence[PublicKey], now: datetime
) -> StatusListAtHand:
    """The list in ``text``: a signed token, or a credential with a proof.

    Args:
        text: as served.
        expected_uri: where it was served.
        iss: the issuer's address, as the trust list names it.
        keys: the issuer's keys that are valid now.
        now: the time of the check.

    Raises:
        StatusError: ``status.signer``, and what is wrong with the list.
        PassportError: what is wrong with its form.
    """
    if not text.startswith("{"):
        return read(text, expected_uri=expected_uri, keys=keys, now=now)
    return _read_credential(text, expected_uri, iss, keys, now)


def _read_credential(
    text: str, uri: str, iss: str, keys: Sequence[PublicKey], now: datetime
) -> HeldBitstringList:
    # Loaded for the first such list: a desk whose issuers publish tokens alone needs none of it.
    from healthpassport.dids import VerificationMethod  # noqa: PLC0415
    from healthpassport.dids.verification_method import ASSERTION_METHOD  # noqa: PLC0415
    from healthpassport.dids.web import did_web  # noqa: PLC0415
    from healthpassport.formats.data_integrity import (  # noqa: PLC0415
        DEFAULT_ALLOWED,
        check_plain,
        verify_credential,
    )
    from healthpassport.formats.ldp_vc.document import record_contexts  # noqa: PLC0415
    from healthpassport.formats.vcdm import check_credential  # noqa: PLC0415

    issuer = did_web(iss)
    by_url = {f"{issuer}#{key.thumbprint()}": key for key in keys}

    def resolve(url: str) -> VerificationMethod:
        if url not in by_url:
            raise DidError("did.unresolved", "the trust list names no such key")
        return VerificationMethod(url, issuer, by_url[url], frozenset({ASSERTION_METHOD}))

    document = parse_json_object(text, max_bytes=MAX_TOKEN_BYTES)
    checked = check_credential(document, now=now, expired_accepted=True)
    try:
        verified = verify_credential(
            document,
            resolve=resolve,
            allowed=DEFAULT_ALLOWED,
            now=now,
            contexts=record_contexts(),
        )
        # The proof is over statements; what is read below is JSON by its members' names.
        check_plain(verified.document, expected_context=[CREDENTIALS_V2])
    except (CredentialError, DidError, EncodingError) as error:
        raise StatusError("status.signer", error.code) from error
    return held_bitstring(
        verified.document,
        expected_uri=uri,
        issued_at=checked.valid_from,
        expires_at=checked.valid_until,
        now=now,
    )
