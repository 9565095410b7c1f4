"""What a person states themselves: signed by a key that says nothing of who they are.

SD-JWT VC draft-19 section 2.5 lets a verifier's policy permit how an issuer's key is found. Here it
permits one more way, for one kind of record: ``iss`` is the ``did:jwk`` of the very key that signs,
and that key holds the record as well. Such a record proves that the sender's wallet wrote it, and
nothing else; no record of any other kind may be signed so, and nobody whom the trust list names can
sign one of this kind (docs/adr/0028-what-a-person-states.md). What is *not* here: how it is shown.
"""

from __future__ import annotations

from typing import Final

from healthpassport.dids import jwk, resolve
from healthpassport.errors import CredentialError, DidError
from healthpassport.formats import DisclosedCredential, ParsedCredential
from healthpassport.keys.public import PublicKey
from healthpassport.summary import definition

MAX_DID: Final = 1_024  # characters; a P-256 key takes some 180
# Members that would claim somebody else's word for it, or a list that nobody keeps.
_CLAIMS_MORE: Final = ("x5c", "jwk")


def is_self_signed(record_type: str) -> bool:
    """Whether records of ``record_type`` come from the person's own wallet and nobody else."""
    return definition(record_type).by_holder


def own_key(parsed: ParsedCredential) -> PublicKey:
    """The key with which ``parsed`` says that it signed itself.

    Raises:
        CredentialError: ``sdjwtvc.self_signed`` for a record that names an issuer, a certificate
            or a status list.
    """
    iss = parsed.iss or ""
    if not iss.startswith(jwk.PREFIX) or len(iss) > MAX_DID:
        raise CredentialError("sdjwtvc.self_signed", "iss is not the key of a wallet")
    if any(name in parsed.header for name in _CLAIMS_MORE) or "status" in parsed.payload:
        raise CredentialError("sdjwtvc.self_signed", "it claims more than a wallet can vouch for")
    try:
        return resolve(f"{iss}#{jwk.FRAGMENT}").public_key
    except DidError as error:
        raise CredentialError("sdjwtvc.self_signed", "iss holds no public key") from error


def check_own(disclosed: DisclosedCredential, key: PublicKey) -> None:
    """Whoever shows it is who wrote it: the key that signed is the key that it is bound to.

    Raises:
        CredentialError: ``sdjwtvc.self_signed``.
    """
    if disclosed.holder_key != key:
        raise CredentialError("sdjwtvc.self_signed", "another key wrote it than holds it")
