"""A presented SD-JWT VC to what it discloses (RFC 9901 section 7.3, SD-JWT VC section 2.4).

What is *not* here: which key is right for the issuer (trust), the status, and the query.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from healthpassport.credential import Challenge
from healthpassport.errors import CredentialError
from healthpassport.formats import sd_jwt
from healthpassport.formats.sd_jwt import ParsedSdJwt, key_binding, second_signature
from healthpassport.formats.sd_jwt.processing import ALLOWED_HASHES, hash_name
from healthpassport.formats.sd_jwt_vc.claims import TYP, disclosed
from healthpassport.formats.values import DisclosedCredential, ParsedCredential
from healthpassport.jose.header import check_kid
from healthpassport.keys.public import PublicKey
from healthpassport.suites import SUPPORTED_ALGORITHMS


def verify(
    parsed: ParsedCredential,
    *,
    issuer_key: PublicKey,
    challenge: Challenge | None,
    now: datetime,
    expected_vct: str | None = None,
    expected_algorithms: Collection[str] = SUPPORTED_ALGORITHMS,
    known_kids: Collection[str] = (),
    expired_accepted: bool = False,
    second_key: PublicKey | None = None,
) -> DisclosedCredential:
    """What ``parsed`` discloses, after every check of the format.

    Args:
        parsed: what ``parse`` gave.
        issuer_key: the key that the trust list vouches for; a ``kid`` must name it.
        challenge: the nonce and audience that the holder must have signed. None says that by
            policy no binding is wanted: then there must be none.
        now: the time of the check.
        expected_vct: the type asked for, or None where the caller compares it.
        expected_algorithms: what is allowed beside what fits the key.
        known_kids: other names of ``issuer_key`` than its thumbprint.
        expired_accepted: whether the caller judges ``expires_at`` itself.
        second_key: the ML-DSA-44 key whose signature is required too, or None to ask for none.

    Raises:
        PassportError: of the areas ``jws sdjwt sdjwtvc cred kb jwk b64 json limit pq``.
    """
    if not isinstance(parsed, ParsedSdJwt):
        raise CredentialError("cred.format_unknown", "another format's parser made this")
    # 1. Whether a binding is wanted is `challenge`, never what was sent (7.3 step 1).
    # 2. It is wanted and missing (7.3 step 2), or not wanted and there (section 4).
    _check_binding_present(parsed, challenge)
    # 3. A kid may only name the key that is trusted (RFC 8725 section 3.10).
    if "kid" in parsed.header:
        check_kid(parsed.header, {issuer_key.thumbprint(), *known_kids})
    # 4. The SD-JWT: algorithm, typ, signature, digests, disclosures (7.1; 7.3 steps 3 and 4).
    processed = sd_jwt.verify(
        parsed, issuer_key=issuer_key, expected_typ=TYP, expected_algorithms=expected_algorithms
    )
    # 4 a. The second signature, only where it is asked for (docs/adr/0025).
    if second_key is not None:
        second_signature.check(
            parsed, processed.places.get((second_signature.CLAIM,)), key=second_key
        )
    # 5. Protected claims, vct, iss, times, cnf (SD-JWT VC sections 2.2.2 and 2.4; 7.1 step 6).
    credential = disclosed(
        processed, signed=parsed.payload, now=now, expired_accepted=expired_accepted
    )
    if expected_vct is not None and credential.vct != expected_vct:
        raise CredentialError("sdjwtvc.vct")
    # 6. The key binding (7.3 step 5).
    if challenge is not None:
        _check_binding(parsed, credential, challenge=challenge, now=now)
    # Not here: status (SD-JWT VC section 2.4, SHOULD) is verification's; type metadata is never
    # fetched at the desk, since the record definitions are part of the product.
    return credential


def _check_binding_present(parsed: ParsedSdJwt, challenge: Challenge | None) -> None:
    if challenge is not None and parsed.key_binding is None:
        raise CredentialError("kb.missing")
    if challenge is None and parsed.key_binding is not None:
        raise CredentialError("kb.unexpected")


def _check_binding(
    parsed: ParsedSdJwt, credential: DisclosedCredential, *, challenge: Challenge, now: datetime
) -> None:
    if credential.holder_key is None or parsed.key_binding is None:
        raise CredentialError("kb.cnf_missing")
    key_binding.check(
        parsed.key_binding,
        sd_part=parsed.sd_part,
        key=credential.holder_key,
        challenge=challenge,
        now=now,
        expected_algorithms=SUPPORTED_ALGORITHMS,
        hash_name=hash_name(parsed.payload, ALLOWED_HASHES),
    )
