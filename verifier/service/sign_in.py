"""Signing staff in and out: the provider's way, and emergency codes for when it is not there.

Rules: state, nonce and verifier are new each time and bound to one browser; a state works once; a
session is a random secret of which the database has a digest, it ends without use, after a shift,
and by hand; without a provider nobody signs in and whoever is here has the role of the setting.
What is *not* here: cookies and pages (``web``), and what a role may do (``staff``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport import sign_in as steps
from healthpassport.audit import Fact
from healthpassport.encoding import b64url_encode
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.protocols.oid4vp.codes import LETTERS, folded
from healthpassport.sign_in import (
    CALLBACK_PATH,
    HOME,
    MAX_NAME,
    MAX_UNDER_WAY,
    SIGN_IN_LIFETIME,
    SIGNED_OUT_PATH,
    Leaving,
    OidcSettings,
    Provider,
    SessionRow,
    SignInRow,
    named_roles,
    open_provider,
    own_page,
)
from verifier.settings import VerifierSettings
from verifier.store import StaffRows

from .audit import Actor, AuditTrail
from .staff import Role, StaffMember, Way, this_machine
from .transactions import Clock, Random

__all__ = [
    "CALLBACK_PATH",
    "MAX_NAME",
    "SIGNED_OUT_PATH",
    "SIGN_IN_LIFETIME",
    "Entered",
    "SignIn",
    "oidc_settings",
    "open_sign_in",
    "own_page",
]

PAGE: Final = "staff page"  # the desk at which people sign in, as the audit trail names it
SECRET_BYTES: Final = 32
CODE_LIFETIME: Final = timedelta(hours=1)  # of a session that an emergency code opened
CODE_LETTERS: Final = 20  # 100 bits


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who just signed in: what their browser holds from now on, and where they go."""

    session: str = field(repr=False)
    member: StaffMember
    next: str


class SignIn:
    """Who is at the desk of one organisation."""

    def __init__(
        self,
        *,
        settings: VerifierSettings,
        rows: StaffRows,
        provider: Provider | None,
        organisation: str,
        clock: Clock,
        random: Random,
        audit: AuditTrail | None = None,
    ) -> None:
        self._settings = settings
        self._rows = rows
        self._provider = provider
        self._organisation = organisation
        self._audit = audit
        self._clock = clock
        self._random = random

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
        provider = self._needed()
        now = self._now()
        leaving, row = steps.begin(
            provider,
            callback=self._callback,
            next_page=next_page,
            language=language,
            now=now,
            random=self._random,
        )
        if not self._rows.begin(row, now=now, limit=MAX_UNDER_WAY):
            raise ServiceError("rate_limited")
        return leaving

    def finish(self, parameters: Iterable[tuple[str, str]], *, browser: str) -> Entered:
        """Sign in whom the provider sent back.

        Args:
            parameters: of the callback's query, as they came.
            browser: what this browser was given when the sign-in began.

        Raises:
            ServiceError: ``staff.sign_in_unknown`` for a state that this desk, or this browser,
                did not begin with, ``staff.no_role``, ``staff.offline``.
            ProtocolError, JoseError, EncodingError: why nobody is signed in.
        """
        provider = self._needed()
        now = self._now()
        listed = list(parameters)
        state = dict(listed).get("state", "")
        taken = self._rows.take(steps.digest(state), now=now) if state else None
        begun = steps.begun_here(taken, browser=browser, expected_issuer=self._settings.oidc_issuer)
        try:
            member = self._vouched_for(provider, listed, begun, now)
        except PassportError as error:
            self._note("sign_in.refused", self._nobody(), code=error.code)
            raise
        lifetime = timedelta(hours=self._settings.session_hours)
        return Entered(self._session(member, now, lifetime), member, begun.next)

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
            random=self._random,
        )
        named = named_roles(
            vouched.claims,
            path=self._settings.oidc_role_claim,
            known=self._settings.oidc_roles,
            organisations=self._settings.oidc_organisations or (self._organisation,),
        )
        roles = frozenset(map(Role, named))
        if not roles:
            raise ServiceError("staff.no_role")
        return StaffMember(vouched.subject, steps.name_of(vouched), roles, self._organisation)

    def with_code(self, code: str, name: str) -> Entered:
        """Sign in a clinician by an emergency code, which is used up.

        Raises:
            ServiceError: ``staff.code`` for a code that is not one, or without a name.
        """
        self._needed()
        who = name.strip()[:MAX_NAME]
        letters = folded(code)
        if (
            not who
            or len(letters) != CODE_LETTERS
            or not self._rows.use_code(steps.digest(letters))
        ):
            self._note("sign_in.refused", self._nobody(), code="staff.code")
            raise ServiceError("staff.code")
        member = StaffMember(
            f"code:{who}", who, frozenset({Role.CLINICIAN}), self._organisation, Way.CODE
        )
        return Entered(self._session(member, self._now(), CODE_LIFETIME), member, HOME)

    def make_codes(self, count: int) -> tuple[str, ...]:
        """New emergency codes in place of all others; they are shown once and kept nowhere."""
        codes = tuple(self._code() for _ in range(count))
        digests = tuple(steps.digest(folded(code)) for code in codes)
        self._rows.replace_codes(digests, now=self._now())
        return codes

    def codes_left(self) -> int:
        """How many emergency codes are not used yet."""
        return self._rows.codes_left()

    def member(self, session: str) -> StaffMember | None:
        """Who holds ``session``; None where nobody does any more."""
        if self._provider is None:
            return this_machine(self._settings.role, self._organisation)
        row = self._rows.session(steps.digest(session)) if session else None
        if row is None:
            return None
        now = self._now()
        idle = timedelta(minutes=self._settings.session_idle_minutes)
        if steps.session_over(row, now=now, idle=idle):
            self._rows.end_session(row.id)
            return None
        if steps.to_be_noted(row, now=now):
            self._rows.seen(row.id, now=now)
        roles = frozenset(Role(name) for name in row.roles.split())
        return StaffMember(row.subject, row.name, roles, self._organisation, Way(row.way))

    def sign_out(self, session: str) -> None:
        """End ``session``; one that is over already changes nothing."""
        member = self.member(session) if session else None
        if member is not None and member.states_relationship:
            self._rows.end_session(steps.digest(session))
            self._note("sign_out.made", self._actor(member))

    def provider_sign_out(self) -> str | None:
        """Where to sign out at the provider too; None where it offers nothing or is not there."""
        if self._provider is None:
            return None
        return_to = self._settings.web_address + SIGNED_OUT_PATH
        return steps.sign_out_address(self._provider, return_to=return_to, now=self._now())

    @property
    def _callback(self) -> str:
        return self._settings.web_address + CALLBACK_PATH

    def _session(self, member: StaffMember, now: datetime, lifetime: timedelta) -> str:
        secret = self._secret()
        row = SessionRow(
            id=steps.digest(secret),
            subject=member.subject,
            name=member.name,
            roles=" ".join(sorted(member.roles)),
            way=member.way,
            created_at=now,
            seen_at=now,
            ends_at=now + lifetime,
        )
        # Nobody is signed in of whom the trail does not know.
        if self._audit is not None:
            self._audit.write("sign_in.made", who=self._actor(member), way=member.way.value)
        self._rows.add_session(row, now=now)
        return secret

    def _actor(self, member: StaffMember) -> Actor:
        return Actor(self._organisation, PAGE, member.subject, member.role.value)

    def _nobody(self) -> Actor:
        return Actor(self._organisation, PAGE)

    def _note(self, event: str, who: Actor, *, code: str = "") -> None:
        if self._audit is not None:
            facts: dict[str, Fact] = {"code": code} if code else {}
            self._audit.note(event, who=who, subject="", **facts)

    def _needed(self) -> Provider:
        if self._provider is None:
            raise ServiceError("not_found", "nobody signs in at this desk")
        return self._provider

    def _code(self) -> str:
        number = int.from_bytes(self._random(SECRET_BYTES), "big")
        letters = [LETTERS[number >> 5 * place & 31] for place in range(CODE_LETTERS)]
        return "-".join("".join(letters[at : at + 4]) for at in range(0, CODE_LETTERS, 4))

    def _secret(self) -> str:
        return b64url_encode(self._random(SECRET_BYTES))

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)


def open_sign_in(
    settings: VerifierSettings,
    *,
    rows: StaffRows,
    organisation: str,
    audit: AuditTrail,
    fetcher: Fetcher | None,
    clock: Clock,
    random: Random,
) -> SignIn:
    """The sign-in that ``settings`` describe.

    Args:
        settings: the desk's.
        rows: where sessions are kept.
        organisation: the desk's ODS code.
        audit: is told who signs in and out.
        fetcher: the way to the provider; the settings' own where None.
        clock: the time.
        random: of secrets.

    Raises:
        SettingsError: ``staff.setup``, ``verifier.setup``.
    """
    provider = None
    if settings.signs_in:
        own = fetcher or HttpsFetcher(
            ca_file=settings.oidc_ca_file,
            allowed_private_hosts=frozenset(settings.allowed_private_hosts),
        )
        provider = open_provider(oidc_settings(settings), own)
    return SignIn(
        settings=settings,
        rows=rows,
        provider=provider,
        organisation=organisation,
        clock=clock,
        random=random,
        audit=audit,
    )


def oidc_settings(settings: VerifierSettings) -> OidcSettings:
    """What ``settings`` say of the provider."""
    return OidcSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_auth=settings.oidc_client_auth,
        role_claim=settings.oidc_role_claim,
        prefix="PASSPORT_VERIFIER_OIDC_",
        hosts_setting="PASSPORT_VERIFIER_ALLOWED_PRIVATE_HOSTS",
        client_secret_file=settings.oidc_client_secret_file,
        client_key=settings.oidc_client_key,
        client_kid=settings.oidc_client_kid,
        client_audience=settings.oidc_client_audience,
        acr=settings.oidc_acr,
        acr_claim=settings.oidc_acr_claim,
        acr_asked=settings.oidc_acr_asked,
        scopes=settings.oidc_scopes,
    )
