"""A presented W3C credential to what it discloses (OpenID4VP 1.0 appendix B.1).

What is *not* here: which key is right for the issuer (trust), the status, and the query.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from healthpassport.credential import Challenge
from healthpassport.encoding import Json
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity import (
    CRYPTOSUITES,
    VerifiedDocument,
    check_plain,
    check_subject,
    verify_credential,
    verify_presentation,
)
from healthpassport.formats.data_integrity.proofs import read_proofs
from healthpassport.formats.ldp_vc.document import record_contexts, shown_places
from healthpassport.formats.ldp_vc.holding import HOLDER_SUITES
from healthpassport.formats.ldp_vc.identifiers import key_of, only_key, resolve_holder
from healthpassport.formats.ldp_vc.issuing import TAKEN
from healthpassport.formats.ldp_vc.parsing import ParsedLdpVc
from healthpassport.formats.values import DisclosedCredential, ParsedCredential
from healthpassport.formats.vcdm import CheckedCredential, check_credential, check_presentation
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys.public import PublicKey

MAX_AGE: Final = timedelta(minutes=5)  # security.md, limits: of a holder's proof, as of a KB-JWT
MAX_PROOFS: Final = 2  # of a record and of its presentation; each brings all of it in its form anew
_BY_HOLDERS: Final = frozenset(HOLDER_SUITES.values())


def verify(
    parsed: ParsedCredential,
    *,
    issuer_key: PublicKey,
    challenge: Challenge | None,
    now: datetime,
    allowed: Collection[str] = TAKEN,
    expired_accepted: bool = False,
    second_key: PublicKey | None = None,
) -> DisclosedCredential:
    """What ``parsed`` discloses, after every check of the format.

    Args:
        parsed: what ``parse`` gave.
        issuer_key: the key that the trust list vouches for.
        challenge: the nonce and audience that the holder must have signed. None says that by
            policy no binding is wanted: then there must be no presentation.
        now: the time of the check.
        allowed: the cryptosuites of which the issuer's proof must be one.
        expired_accepted: whether the caller judges ``expires_at`` itself.
        second_key: a post-quantum key whose signature is wanted too: this format has none.

    Raises:
        CredentialError: ``pq.missing`` where a second signature is wanted.
        PassportError: of the areas ``ldp vcdm di did jsonld cred kb match trust limit``.
    """
    if not isinstance(parsed, ParsedLdpVc):
        raise CredentialError("cred.format_unknown", "another format's parser made this")
    if second_key is not None:
        raise CredentialError("pq.missing", "this format carries no second signature")
    _check_proofs(parsed.credential, frozenset(allowed))
    # 1. Whether a binding is wanted is `challenge`, never what was sent.
    holder = _holder(parsed, challenge, now)
    # 2. The data model (VC Data Model 2.0 sections 4 and 7.1), before anything is computed.
    checked = check_credential(parsed.credential, now=now, expired_accepted=expired_accepted)
    # 3. Every proof, by the issuer's own key (VC Data Integrity 1.0 sections 4.4 and 4.5).
    verified = verify_credential(
        parsed.credential,
        resolve=only_key(parsed.issuer, issuer_key),
        allowed=allowed,
        now=now,
        contexts=record_contexts(),
    )
    # The statements are proven, the names are not: nothing may hide behind an IRI or a keyword.
    # Which context it is follows from the record type (``record_definition``).
    check_plain(verified.document, expected_context=parsed.credential.get("@context"))
    # 4. The credential is the holder's own.
    if holder is not None:
        check_subject(verified.document, expected_holder=holder)
    # Not here: status is verification's; related resources and schemas are never fetched.
    return _disclosed(parsed, checked, verified)


def _check_proofs(document: Mapping[str, Json], allowed: frozenset[str]) -> None:
    """Refuse proofs beside the one that counts, before any of them costs anything.

    Each would have to verify, and so a stranger could have a suite computed that nobody allowed.

    Raises:
        CredentialError: ``limit.size``, ``di.policy``, and what ``read_proofs`` refuses.
    """
    proofs = read_proofs(document)
    if len(proofs) > MAX_PROOFS:
        raise CredentialError("limit.size", "it bears too many proofs")
    if any(proof.cryptosuite in CRYPTOSUITES.keys() - allowed for proof in proofs):
        raise CredentialError("di.policy")


def _holder(parsed: ParsedLdpVc, challenge: Challenge | None, now: datetime) -> str | None:
    """Who signed the presentation for this very request (B.1.3.2.5), or None for no binding.

    Raises:
        CredentialError: ``kb.missing``, ``kb.unexpected``, ``kb.nonce``, ``kb.iat``, and what
            ``verify_presentation`` refuses.
    """
    if challenge is None:
        if parsed.presentation is not None:
            raise CredentialError("kb.unexpected")
        return None
    if parsed.presentation is None:
        raise CredentialError("kb.missing")
    if not challenge.nonce or not challenge.audience:
        raise CredentialError("kb.nonce")
    _check_proofs(parsed.presentation, _BY_HOLDERS)
    check_presentation(parsed.presentation, now=now, expired_accepted=True)
    verified, holder = verify_presentation(
        parsed.presentation,
        expected_challenge=challenge.nonce,
        expected_domain=challenge.audience,
        resolve=resolve_holder,
        allowed=_BY_HOLDERS,
        now=now,
        contexts=record_contexts(),
    )
    for proof in verified.proofs:
        if proof.created is None or not now - MAX_AGE <= proof.created <= now + CLOCK_SKEW:
            raise CredentialError("kb.iat")
    return holder


def _disclosed(
    parsed: ParsedLdpVc, checked: CheckedCredential, verified: VerifiedDocument
) -> DisclosedCredential:
    iss, vct = parsed.iss, parsed.vct
    if iss is None or vct is None:
        raise CredentialError("ldp.type")
    if checked.valid_from is None or checked.valid_until is None:
        # As for every record of this project: a missing validity never means valid for ever.
        raise CredentialError("cred.expired", "it does not say how long it is valid")
    return DisclosedCredential(
        header=parsed.header,
        payload=verified.document,
        iss=iss,
        vct=vct,
        issued_at=checked.valid_from,
        expires_at=checked.valid_until,
        not_before=checked.valid_from,
        holder_key=_holder_key(verified.document),
        disclosed=shown_places(place for proof in verified.proofs for place in proof.selective),
        # What a holder withheld of a list leaves no trace: itemCount, always shown, tells of it.
        gaps=frozenset(),
    )


def _holder_key(document: Mapping[str, Json]) -> PublicKey | None:
    subject = document.get("credentialSubject")
    named = subject.get("id") if isinstance(subject, Mapping) else None
    return key_of(named) if isinstance(named, str) else None
