"""Signing practice staff in and out at their organisation's provider.

Rules: a session is a random secret of which the database has a digest; it ends without use, after
a shift, and by hand; another sign-in ends the one before; without a provider nobody signs in and
whoever is here has the role of the setting. What is *not* here: the messages to the provider
(``healthpassport.sign_in``), cookies and pages (``web``), and what a role may do (``staff``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from healthpassport import sign_in as steps
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.sign_in import (
    CALLBACK_PATH,
    MAX_UNDER_WAY,
    SIGNED_OUT_PATH,
    Leaving,
    OidcSettings,
    Provider,
    SessionRow,
    SignInRow,
    named_roles,
    open_provider,
)
from issuer.service.context import IssuerContext
from issuer.settings import Settings
from issuer.store import staff as rows

from .staff import Role, StaffMember, Way, this_machine
from .trail import actor


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who just signed in: what their browser holds from now on, and where they go."""

    session: str = field(repr=False)
    member: StaffMember
    next: str


class SignIn:
    """Who is at the console of one issuer."""

    def __init__(self, issuer: IssuerContext, provider: Provider | None) -> None:
        self._issuer = issuer
        self._settings = issuer.settings
        self._provider = provider

    @property
    def required(self) -> bool:
        """Whether staff have to sign in at all."""
        return self._provider is not None

    def begin(self, next_page: str, *, language: str = "") -> Leaving:
        """Begin a sign-in that goes on with ``next_page``.

        Raises:
            ServiceError: ``staff.offline``, ``rate_limited``, ``not_found`` without a provider.
            ProtocolError: for a provider that cannot be used.
        """
        leaving, row = steps.begin(
            self._needed(),
            callback=self._callback,
            next_page=next_page,
            language=language,
            now=self._now(),
            random=self._issuer.random,
        )
        with self._issuer.store.writing() as tx:
            kept = rows.begin(tx, row, now=self._issuer.now(), limit=MAX_UNDER_WAY)
        if not kept:
            raise ServiceError("rate_limited")
        return leaving

    def finish(self, parameters: Iterable[tuple[str, str]], *, browser: str) -> Entered:
        """Sign in whom the provider sent back.

        Args:
            parameters: of the callback's query, as they came.
            browser: what this browser was given when the sign-in began.

        Raises:
            ServiceError: ``staff.sign_in_unknown`` for a state that this console, or this browser,
                did not begin with, ``staff.no_role``, ``staff.offline``.
            ProtocolError, JoseError, EncodingError: why nobody is signed in.
        """
        provider = self._needed()
        listed = list(parameters)
        state, now = dict(listed).get("state", ""), self._now()
        taken = None
        if state:
            with self._issuer.store.writing() as tx:
                taken = rows.take(tx, steps.digest(state), now=self._issuer.now())
        begun = steps.begun_here(
            taken, browser=browser, expected_issuer=self._settings.web_oidc_issuer
        )
        try:
            member = self._vouched_for(provider, listed, begun, now)
        except PassportError as error:
            audit = self._issuer.audit
            audit.refused("sign_in.refused", who=actor(self._issuer), code=error.code)
            raise
        return Entered(self._session(member, now), member, begun.next)

    def _vouched_for(
        self,
        provider: Provider,
        listed: list[tuple[str, str]],
        begun: SignInRow,
        now: datetime,
    ) -> StaffMember:
        vouched = steps.finish(
            provider,
            listed,
            begun=begun,
            callback=self._callback,
            now=now,
            random=self._issuer.random,
        )
        named = named_roles(
            vouched.claims,
            path=self._settings.web_oidc_role_claim,
            known=self._settings.web_oidc_roles,
            organisations=self._settings.web_oidc_organisations or (self._settings.ods,),
        )
        if not named:
            raise ServiceError("staff.no_role")
        return StaffMember(vouched.subject, steps.name_of(vouched), frozenset(map(Role, named)))

    def member(self, session: str) -> StaffMember | None:
        """Who holds ``session``; None where nobody does any more."""
        if self._provider is None:
            return this_machine(self._settings.web_role)
        if not session:
            return None
        with self._issuer.store.reading() as tx:
            row = rows.session(tx, steps.digest(session))
        if row is None:
            return None
        now = self._now()
        idle = timedelta(minutes=self._settings.web_session_idle_minutes)
        if steps.session_over(row, now=now, idle=idle):
            self._end(row.id)
            return None
        if steps.to_be_noted(row, now=now):
            with self._issuer.store.writing() as tx:
                rows.seen(tx, row.id, now=self._issuer.now())
        roles = frozenset(Role(name) for name in row.roles.split())
        return StaffMember(row.subject, row.name, roles, Way(row.way))

    def sign_out(self, session: str) -> StaffMember | None:
        """End ``session`` and say whose it was; one that is over already changes nothing."""
        member = self.member(session) if session else None
        if member is not None and member.signed_in:
            with self._issuer.store.writing() as tx:
                rows.end_session(tx, steps.digest(session))
                self._issuer.audit.write("sign_out.made", who=actor(self._issuer, member), tx=tx)
            return member
        return None

    def provider_sign_out(self) -> str | None:
        """Where to sign out at the provider too; None where it offers nothing or is not there."""
        if self._provider is None:
            return None
        return_to = self._settings.web_address + SIGNED_OUT_PATH
        return steps.sign_out_address(self._provider, return_to=return_to, now=self._now())

    @property
    def _callback(self) -> str:
        return self._settings.web_address + CALLBACK_PATH

    def _session(self, member: StaffMember, now: datetime) -> str:
        secret = self._issuer.secret()
        row = SessionRow(
            id=steps.digest(secret),
            subject=member.subject,
            name=member.name,
            roles=" ".join(sorted(member.roles)),
            way=member.way,
            created_at=now,
            seen_at=now,
            ends_at=now + timedelta(hours=self._settings.web_session_hours),
        )
        with self._issuer.store.writing() as tx:
            rows.add_session(tx, row, now=self._issuer.now())
            who, way = actor(self._issuer, member), member.way.value
            self._issuer.audit.write("sign_in.made", who=who, tx=tx, way=way)
        return secret

    def _end(self, digest: str) -> None:
        with self._issuer.store.writing() as tx:
            rows.end_session(tx, digest)

    def _needed(self) -> Provider:
        if self._provider is None:
            raise ServiceError("not_found", "nobody signs in at this console")
        return self._provider

    def _now(self) -> datetime:
        return self._issuer.clock().astimezone(UTC)


def own_fetcher(settings: Settings) -> Fetcher:
    """The way to the provider and to the service that sends texts."""
    return HttpsFetcher(
        ca_file=settings.web_oidc_ca_file,
        allowed_private_hosts=frozenset(settings.web_private_hosts),
    )


def open_sign_in(issuer: IssuerContext, *, fetcher: Fetcher) -> SignIn:
    """The sign-in that the settings of ``issuer`` describe.

    Raises:
        SettingsError: ``staff.setup``.
    """
    settings = issuer.settings
    if not settings.staff_sign_in:
        return SignIn(issuer, None)
    return SignIn(issuer, open_provider(oidc_settings(settings), fetcher))


def oidc_settings(settings: Settings) -> OidcSettings:
    """What ``settings`` say of the provider."""
    return OidcSettings(
        issuer=settings.web_oidc_issuer,
        client_id=settings.web_oidc_client_id,
        client_auth=settings.web_oidc_client_auth,
        role_claim=settings.web_oidc_role_claim,
        prefix="PASSPORT_ISSUER_WEB_OIDC_",
        hosts_setting="PASSPORT_ISSUER_WEB_PRIVATE_HOSTS",
        client_secret_file=settings.web_oidc_client_secret_file,
        client_key=settings.web_oidc_client_key,
        client_kid=settings.web_oidc_client_kid,
        client_audience=settings.web_oidc_client_audience,
        acr=settings.web_oidc_acr,
        acr_claim=settings.web_oidc_acr_claim,
        acr_asked=settings.web_oidc_acr_asked,
        scopes=settings.web_oidc_scopes,
    )
