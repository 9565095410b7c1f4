"""What the authority hands out after it did something: registrations, and what it published.

What is *not* here: doing it (``authority``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from healthpassport.trust import registration
from healthpassport.trust.model import TrustedVerifier

from .certificates import IssuedCertificate


@dataclass(frozen=True, slots=True)
class RegisteredVerifier:
    """What a verifier gets: its certificate, its client identifier, a registration a purpose."""

    certificate: IssuedCertificate
    entry: TrustedVerifier
    registrations: Mapping[str, str]

    @property
    def client_id(self) -> str:
        """The full client identifier (OpenID4VP 1.0 section 5.9.3)."""
        return registration.CLIENT_ID_PREFIX + self.entry.certificate_hash


@dataclass(frozen=True, slots=True)
class Published:
    """What `publish` wrote: the list's version, and when its metadata expires."""

    version: int
    expires: Mapping[str, datetime]
