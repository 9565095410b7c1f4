"""Which wallets an issuer knows, and whose attestations count: read once from files.

What is *not* here: who a request is of (``wallet_clients``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, ProtocolError, SettingsError
from healthpassport.protocols.oid4vci import TrustedProviders, read_providers
from issuer.settings import Settings

MAX_CLIENTS: Final = 1_000
MAX_ADDRESSES: Final = 32  # of one wallet
MAX_ADDRESS: Final = 2_048  # characters
MAX_NAME: Final = 100
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})  # RFC 8252 section 7.3, 8.3: never localhost
# RFC 8252 section 7.1: a private scheme is a domain name the other way round, so it has a dot.
_PRIVATE: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+\Z")
# What a header may hold: an address in it must not be able to end and begin something else.
_NETLOC: Final = re.compile(r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?\Z")
_PRINTABLE: Final = re.compile(r"[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+\Z")


@dataclass(frozen=True, slots=True)
class KnownWallet:
    """One kind of wallet: what people call it, and where its answers may go."""

    name: str
    redirect_uris: tuple[str, ...]

    def may_use(self, redirect_uri: str) -> bool:
        """Whether ``redirect_uri`` is one of them; of a loopback address any port is."""
        asked = _portless(redirect_uri)
        return any(
            redirect_uri == known or (asked is not None and asked == _portless(known))
            for known in self.redirect_uris
        )


@dataclass(frozen=True, slots=True)
class KnownWallets:
    """The wallets by their ``client_id``, and the providers whose attestations count."""

    clients: Mapping[str, KnownWallet] = field(default_factory=dict)
    trusted: TrustedProviders = field(default_factory=TrustedProviders)

    @property
    def attest(self) -> bool:
        """Whether any attestation could count."""
        return bool(self.trusted.keys or self.trusted.anchors)


def read_known_wallets(settings: Settings) -> KnownWallets:
    """What the files of ``settings`` say.

    Raises:
        SettingsError: ``issuer.wallets``.
    """
    keys, anchors = settings.wallet_provider_keys, settings.wallet_provider_anchors
    clients = settings.wallet_clients
    try:
        return KnownWallets(
            clients={} if clients is None else _clients(parse_json_object(clients.read_bytes())),
            trusted=TrustedProviders(
                keys=() if keys is None else read_providers(keys.read_bytes()),
                anchors=() if anchors is None else _anchors(anchors),
            ),
        )
    except OSError as error:
        raise SettingsError("issuer.wallets", "a file cannot be read") from error
    except (EncodingError, ProtocolError) as error:
        raise SettingsError("issuer.wallets", str(error)) from error


def usable_redirect(uri: str) -> bool:
    """Whether anything may be sent to ``uri``: https, a private scheme, or a loopback address.

    RFC 9700 section 4.1.3, RFC 8252 sections 7 and 8; no fragment (RFC 6749 section 3.1.2).
    """
    if not _PRINTABLE.match(uri) or len(uri) > MAX_ADDRESS:
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in {"https", "http"}:
        return bool(_PRIVATE.match(parts.scheme))
    if not _NETLOC.match(parts.netloc) or port == 0:
        return False
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


def _portless(uri: str) -> tuple[str | None, str, str] | None:
    """Host, path and query of a loopback address, None for any other (RFC 8252 section 7.3)."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme != "http" or host not in _LOOPBACK or "@" in parts.netloc:
        return None
    return host, parts.path, parts.query


def _clients(value: Mapping[str, Json]) -> dict[str, KnownWallet]:
    if len(value) > MAX_CLIENTS:
        raise SettingsError("issuer.wallets", "there are too many wallets")
    return {name: _client(name, one) for name, one in value.items()}


def _client(name: str, value: Json) -> KnownWallet:
    told = value if isinstance(value, Mapping) else {}
    label, uris = told.get("name"), told.get("redirect_uris")
    if not isinstance(label, str) or not 0 < len(label.strip()) <= MAX_NAME:
        raise SettingsError("issuer.wallets", f"{name}: name is missing or too long")
    listed = uris if isinstance(uris, list) else []
    texts = tuple(uri for uri in listed if isinstance(uri, str) and usable_redirect(uri))
    if not 0 < len(listed) <= MAX_ADDRESSES or len(texts) != len(listed):
        raise SettingsError(
            "issuer.wallets", f"{name}: a redirect URI is missing or cannot be used"
        )
    return KnownWallet(label.strip(), texts)


def _anchors(path: Path) -> tuple[bytes, ...]:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise SettingsError("issuer.wallets", f"{path.name} holds no certificates") from error
    return tuple(one.public_bytes(Encoding.DER) for one in found)
