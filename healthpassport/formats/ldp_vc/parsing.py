"""A W3C credential or presentation as received, *not* verified.

A presentation of ours holds one credential: each record answers its own part of a query. What is
*not* here: anything that may be believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import MAX_TOKEN_BYTES, Json, parse_json_object
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.proofs import read_proofs
from healthpassport.formats.ldp_vc.document import SUBJECT, record_definition
from healthpassport.formats.ldp_vc.identifiers import issuer_address, key_of
from healthpassport.formats.vcdm.syntax import moment
from healthpassport.keys.public import PublicKey

PRESENTATION: Final = "VerifiablePresentation"


@dataclass(frozen=True, slots=True)
class ParsedLdpVc:
    """A credential, and the presentation around it where there is one: nothing of it is proven."""

    credential: Mapping[str, Json]
    presentation: Mapping[str, Json] | None

    @property
    def header(self) -> Mapping[str, Json]:
        """The first proof without its value; only good for saying what it claims to be."""
        return read_proofs(self.credential)[0].options

    @property
    def payload(self) -> Mapping[str, Json]:
        """The credential with its proof."""
        return self.credential

    @property
    def issuer(self) -> str:
        """The identifier of who claims to have issued it, or nothing."""
        found = self.credential.get("issuer")
        named = found.get("id") if isinstance(found, Mapping) else found
        return named if isinstance(named, str) else ""

    @property
    def iss(self) -> str | None:
        """The address of the issuer that it names; only good for finding out which key to trust."""
        return issuer_address(self.issuer)

    @property
    def vct(self) -> str | None:
        """Which record type it claims to be of."""
        known = record_definition(self.credential)
        return known.vct if known else None

    def issued_at(self) -> datetime:
        """When it claims to have been issued (VC Data Model 2.0 section 4.9).

        Raises:
            CredentialError: ``cred.issued_at``, ``vcdm.malformed_value``.
        """
        if "validFrom" not in self.credential:
            raise CredentialError("cred.issued_at")
        return moment(self.credential["validFrom"], "validFrom")

    def certificates(self) -> tuple[bytes, ...]:
        """None: the trust list alone says which key is the issuer's."""
        return ()

    def key_name(self) -> str | None:
        """The thumbprint in the URL of the issuer's key, or nothing that any key has."""
        did, _, fragment = read_proofs(self.credential)[0].verification_method.partition("#")
        return fragment if did == self.issuer else ""

    def holder_key(self) -> PublicKey | None:
        """The key of the subject's DID; only good for choosing among a wallet's own keys."""
        subject = self.credential.get(SUBJECT)
        named = subject.get("id") if isinstance(subject, Mapping) else None
        return key_of(named) if isinstance(named, str) else None


def parse(text: str) -> ParsedLdpVc:
    """Take ``text``, a credential or a presentation of one, apart.

    Raises:
        CredentialError: ``limit.size``, ``ldp.presentation``, ``vcdm.parsing``.
        EncodingError: when it is not strict JSON.
    """
    if len(text) > MAX_TOKEN_BYTES:
        raise CredentialError("limit.size")
    found = parse_json_object(text, max_bytes=MAX_TOKEN_BYTES)
    if not _is_presentation(found):
        return ParsedLdpVc(found, None)
    held = found.get("verifiableCredential")
    inside = held if isinstance(held, list) else [held]
    if len(inside) != 1 or not isinstance(inside[0], Mapping):
        raise CredentialError("ldp.presentation")
    return ParsedLdpVc(inside[0], found)


def _is_presentation(document: Mapping[str, Json]) -> bool:
    names = document.get("type")
    return PRESENTATION in (names if isinstance(names, list) else [names])
