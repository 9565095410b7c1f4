"""Do the desk's signing key, its certificate, its registrations and its entry fit together?

A wallet knows a desk by the hash of its certificate: a new certificate is a new name, so that the
registrations have to be made anew and the trust list has to name it first. What is *not* here:
making any of it (``passport-trust add-verifier`` does).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import parse_json_object
from healthpassport.errors import PassportError, SettingsError
from healthpassport.jose import jws
from healthpassport.keys.x509 import read_certificate, x509_hash
from healthpassport.trust.model import TrustList
from verifier.settings import VerifierSettings

from .freshness import desk_policy
from .identity import DeskIdentity, load_identity
from .lists import DeskLists

SOON: Final = timedelta(days=30)  # a certificate takes people's time to renew


@dataclass(frozen=True, slots=True)
class KeyFit:
    """The desk's key as wallets know it, until when it is good, and whether the list names it.

    ``listed`` is None where no copy of the trust list is at hand.
    """

    client_id: str
    thumbprint: str
    algorithm: str
    ends: datetime
    listed: bool | None

    def ends_soon(self, now: datetime) -> bool:
        """Whether a new certificate should be asked for now."""
        return self.ends - now < SOON


def key_fit(settings: VerifierSettings, *, now: datetime) -> KeyFit:
    """How the parts fit at ``now``.

    Raises:
        SettingsError: ``verifier.key_fit`` where they do not; as ``load_identity``.
        KeyMaterialError: of the key.
    """
    identity = load_identity(settings)
    leaves = [read_certificate(der) for der in identity.chain]
    begins = max(leaf.not_valid_before_utc for leaf in leaves)
    ends = min(leaf.not_valid_after_utc for leaf in leaves)
    if not begins <= now < ends:
        raise SettingsError("verifier.key_fit", "the certificate is not in force")
    until = min([ends, *_registered_until(identity, now)])
    listed = _listed(settings, identity, now)
    if listed is False:
        raise SettingsError("verifier.key_fit", "the trust list does not name the certificate")
    public = identity.signer.public_key
    return KeyFit(identity.client_id, public.thumbprint(), public.algorithm, until, listed)


def _registered_until(identity: DeskIdentity, now: datetime) -> list[datetime]:
    """When each registration ends; each has to be this certificate's own, and current."""
    ends = []
    for purpose, token in identity.registrations.items():
        try:
            claims = parse_json_object(jws.parse(token).payload)
        except PassportError as error:
            said = f"the registration for {purpose} cannot be read"
            raise SettingsError("verifier.key_fit", said) from error
        if claims.get("sub") != identity.client_id:
            said = f"the registration for {purpose} is for another certificate"
            raise SettingsError("verifier.key_fit", said)
        seconds = claims.get("exp")
        end = datetime.fromtimestamp(seconds if isinstance(seconds, int) else 0, now.tzinfo)
        if end <= now:
            raise SettingsError("verifier.key_fit", f"the registration for {purpose} has ended")
        ends.append(end)
    return ends


def _listed(settings: VerifierSettings, identity: DeskIdentity, now: datetime) -> bool | None:
    try:
        view = DeskLists(settings, policy=desk_policy(settings)).views(now)
    except PassportError:
        return None  # another check says so
    return _names(view.trust.trust_list, x509_hash(identity.chain[0]), now)


def _names(trust: TrustList, certificate_hash: str, now: datetime) -> bool:
    try:
        trust.verifier(certificate_hash, now)
    except PassportError:
        return False
    return True
