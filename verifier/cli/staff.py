"""``staff``: emergency codes for when the sign-in page cannot be reached, and the doctor's look.

What is *not* here: the rules of a code (``service.sign_in``).
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from healthpassport.errors import SettingsError
from healthpassport.fetch import HttpsFetcher
from healthpassport.sign_in import open_provider
from verifier.service.sign_in import SignIn, oidc_settings
from verifier.settings import VerifierSettings

from .output import data, document, say, settings
from .stored import opened


def make_codes(count: int, *, as_json: bool) -> None:
    """Make new emergency codes; those that were there stop working."""
    own = settings()
    with opened(own) as store:
        sign_in = SignIn(
            settings=own,
            rows=store.staff,
            provider=None,
            organisation="",
            clock=lambda: datetime.now(UTC),
            random=secrets.token_bytes,
        )
        codes = sign_in.make_codes(count)
    if as_json:
        document({"version": 1, "codes": list(codes)})
    else:
        for code in codes:
            data(code)
    say("Print them and lock them away: they are not shown again. Codes made before are void.")


def look(own: VerifierSettings) -> str:
    """What ``doctor`` says of the sign-in.

    Raises:
        SettingsError, ServiceError, ProtocolError: what is to be mended.
    """
    if not own.signs_in:
        return f"nobody signs in: whoever is at this machine is a {own.role}"
    fetcher = HttpsFetcher(
        ca_file=own.oidc_ca_file, allowed_private_hosts=frozenset(own.allowed_private_hosts)
    )
    found = open_provider(oidc_settings(own), fetcher).metadata(datetime.now(UTC))
    if not own.oidc_roles:
        raise SettingsError("staff.setup", "PASSPORT_VERIFIER_OIDC_ROLES maps no role")
    roles = ", ".join(sorted(set(own.oidc_roles.values())))
    return f"{found.issuer}, roles {roles}, back to {own.web_address}"
