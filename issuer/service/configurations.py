"""What can be offered: each record type in each format that this issuer gives (OpenID4VCI 1.0).

A configuration is named by its record type, and in another format than the default by both, so that
the names of the default stay what they were. What is *not* here: the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import schemas
from healthpassport import cards
from healthpassport.encoding import Json
from healthpassport.errors import ProtocolError
from healthpassport.summary import RecordDefinition, definition, issued_types
from issuer.settings import LDP_VC, SD_JWT_VC, Settings
from schemas.cards import CARD
from schemas.queries import card_template

from .attesters import proof_types
from .context import IssuerContext

# The cryptosuite of a record for each kind of key: the first lets a holder withhold parts.
LDP_SUITES: Final[Mapping[str, str]] = {
    "ES256": "ecdsa-sd-2023",
    "ES384": "ecdsa-rdfc-2019",
    "EdDSA": "eddsa-rdfc-2022",
}
_LOCALES: Final = ("en", "cy")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One record type in one format, and the ``id`` under which it is offered."""

    id: str
    definition: RecordDefinition
    format: str


def configurations(settings: Settings) -> Mapping[str, Configuration]:
    """Everything that can be offered, by id, in the order in which people read records."""
    return _configurations(settings.formats)


@lru_cache(maxsize=8)  # every request looks one up; there are as many as sets of formats
def _configurations(formats: tuple[str, ...]) -> Mapping[str, Configuration]:
    found = (
        Configuration(configuration_id(name, format_), definition(name), format_)
        for name in issued_types()
        for format_ in formats
    )
    return MappingProxyType({configuration.id: configuration for configuration in found})


def configuration_id(record_type: str, format_: str) -> str:
    """The name of ``record_type`` in ``format_``."""
    return record_type if format_ == SD_JWT_VC else f"{record_type}.{format_}"


def scope_of(configuration: Configuration) -> str:
    """The scope that asks for ``configuration`` (HAIP 1.0 section 4.1: each has one)."""
    known = configuration.definition.vct
    return known if configuration.format == SD_JWT_VC else f"{known}#{configuration.format}"


def configuration_named(settings: Settings, name: str, *, what: str) -> Configuration:
    """The configuration ``name``; ``what`` says how a request named it.

    Raises:
        ProtocolError: ``oid4vci.unknown_credential_configuration`` or ``..._identifier``.
    """
    found = configurations(settings).get(name)
    if found is None:
        raise ProtocolError(f"oid4vci.unknown_credential_{what}")
    return found


def described(issuer: IssuerContext, configuration: Configuration) -> dict[str, object]:
    """What the metadata says of ``configuration`` (section 12.2.4, appendices A.1.2 and A.3)."""
    known = configuration.definition
    return {
        "format": configuration.format,
        "scope": scope_of(configuration),
        **_type_and_algorithm(issuer, configuration),
        "cryptographic_binding_methods_supported": ["jwk"],
        "proof_types_supported": proof_types(issuer.settings),
        "credential_metadata": {
            "display": [
                {"name": known.labels[locale].patient, "locale": locale}
                for locale in _LOCALES
                if locale in known.labels
            ],
            "claims": _claims(configuration),
        },
    }


def can_make_cards(issuer: IssuerContext) -> bool:
    """Whether this issuer makes cards: by its key's algorithm, and the records that it gives."""
    algorithm = issuer.signer.algorithm
    return algorithm in cards.ALGORITHMS and SD_JWT_VC in issuer.settings.formats


def described_card(issuer: IssuerContext) -> dict[str, dict[str, object]]:
    """What the metadata says of cards (OpenID4VCI 1.0 section 12.2.4); nothing where none are made.

    No binding method and no proof type: a card is bound to no key.
    """
    if not can_make_cards(issuer):
        return {}
    labels = card_template().labels
    return {
        CARD: {
            "format": cards.FORMAT,
            "scope": CARD,  # HAIP 1.0 section 4.1 wants one; no sign-in gives a card
            "credential_metadata": {
                "display": [{"name": labels[code].patient, "locale": code} for code in labels]
            },
        }
    }


def _claims(configuration: Configuration) -> list[dict[str, Json]]:
    """The names of the claims (appendix B.2), as the type metadata has them; SD-JWT VC only."""
    if configuration.format != SD_JWT_VC:
        return []
    told = schemas.load(f"generated/type-metadata/{configuration.definition.type}.json")["claims"]
    return [
        {
            "path": claim["path"],
            "mandatory": claim.get("mandatory", False),
            "display": [
                {"name": words["label"], "locale": words["locale"]}
                for words in claim.get("display", ())
            ],
        }
        for claim in told
    ]


def _type_and_algorithm(issuer: IssuerContext, configuration: Configuration) -> dict[str, object]:
    known, algorithm = configuration.definition, issuer.signer.algorithm
    if configuration.format == LDP_VC:
        return {
            "credential_definition": known.w3c_definition,
            "credential_signing_alg_values_supported": [LDP_SUITES[algorithm]],
        }
    return {"vct": known.vct, "credential_signing_alg_values_supported": [algorithm]}
