"""Several organisations on one deployment: one desk each, and which of them a caller means.

Rules: a caller reaches one organisation by something that belongs to it alone (the host name of
its pages, an unguessable handle at its own address, an API key); whatever belongs to another is
answered as if it were nowhere. What is *not* here: HTTP, and opening the desks (``open_tenants``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final
from urllib.parse import urlsplit

import structlog

from healthpassport.errors import PassportError, ServiceError, SettingsError
from healthpassport.protocols.oid4vp.codes import folded, looks_like_code, read_code
from verifier.settings import VerifierSettings
from verifier.store import Store

from .desk import Desk
from .identity import DeskIdentity
from .transactions import read_short_code

HTTPS_PORT: Final = 443

_log = structlog.get_logger("verifier")


@dataclass(frozen=True, slots=True)
class Tenants:
    """The desks that are served, by the name of the organisation.

    Raises:
        SettingsError: ``verifier.organisation`` where two share what must be one's own, or where
            there is none.
    """

    desks: Mapping[str, Desk]
    store: Store

    def __post_init__(self) -> None:
        if not self.desks:
            raise SettingsError("verifier.organisation", "no organisation can be served")
        refuse_shared({n: own_marks(d.settings, d.identity) for n, d in self.desks.items()})

    def by_web_host(self, host: str) -> str | None:
        """Whose pages stand under the host name ``host`` (without a port), or None."""
        for name, desk in self.desks.items():
            if host.lower() in desk.settings.web_hosts:
                return name
        return None

    def at(self, host: str) -> tuple[str, ...]:
        """Whose wallets' address the Host header ``host`` is; several may share one."""
        wanted = _place(host)
        return tuple(
            name
            for name, desk in self.desks.items()
            if _place(urlsplit(desk.settings.public_url).netloc) == wanted
        )

    def of_handle(self, handle: str, *, among: tuple[str, ...]) -> str:
        """Who of ``among`` asked the question with that handle; the first where nobody did.

        The first then says that there is no such question, as it says of every unknown handle.
        """
        if len(among) == 1:
            return among[0]
        return self.store.tenant_of(handle, among=among) or among[0]

    def of_code(self, typed: str, *, among: tuple[str, ...]) -> str:
        """Who of ``among`` asked the question with that code; the first where nobody did."""
        if looks_like_code(typed):
            ods = read_code(typed).organisation
            named = [name for name in among if folded(self.desks[name].identity.ods) == ods]
            among = tuple(named) or among[:1]
        if len(among) == 1:
            return among[0]
        code = read_short_code(typed)
        return self.store.tenant_of_code(code, among=among) or among[0]

    def of_key(self, presented: str) -> str | None:
        """Whose API key that is; None for nobody's.

        Every organisation's keys are compared, so that the time says nothing about whose it was.

        Raises:
            ServiceError: ``http.unauthorized`` for one that stands in two places (a folder was
                copied): whose results it opens would be chance.
        """
        found = [name for name, desk in self.desks.items() if _knows(desk, presented)]
        if len(found) > 1:
            _log.warning("key_in_two_places", tenants=found)
            raise ServiceError("http.unauthorized")
        return found[0] if found else None

    def shut(self) -> None:
        """Forget everything in memory and close the database."""
        for desk in self.desks.values():
            desk.shut()


def own_marks(settings: VerifierSettings, identity: DeskIdentity) -> frozenset[str]:
    """What no other organisation may have: certificate, host names of its pages, names of roles.

    A role that names its organisation may bear the same name at several; one that stands as a
    mere word at one provider would open each organisation to the other's staff.
    """
    hosts = {f"the host {host}" for host in settings.web_hosts}
    mere_words = settings.oidc_roles if "." not in settings.oidc_role_claim else ()
    roles = {f"the role {role} at {settings.oidc_issuer}" for role in mere_words}
    return frozenset({*hosts, *roles, f"the certificate {identity.client_id}"})


def refuse_shared(marks: Mapping[str, frozenset[str]]) -> None:
    """Refuse two organisations with one mark (``own_marks``).

    Raises:
        SettingsError: ``verifier.organisation`` with both names.
    """
    seen: dict[str, str] = {}
    for name, mine in marks.items():
        for one in sorted(mine):
            if (other := seen.setdefault(one, name)) != name:
                raise SettingsError("verifier.organisation", f"{other} and {name} share {one}")


def _knows(desk: Desk, presented: str) -> bool:
    try:
        today = desk.clock().astimezone(UTC).date()
        return desk.api_keys.find(presented, today=today) is not None
    except PassportError as error:  # one organisation's broken file is no other's trouble
        _log.warning("keys_not_read", tenant=desk.settings.tenant, code=error.code)
        return False


def _place(host: str) -> tuple[str, int]:
    """Host name and port of a Host header or of an address; nobody's for what is neither."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return "", 0
    return parts.hostname or "", port or HTTPS_PORT
