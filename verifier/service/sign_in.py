"""Signing staff in and out: the provider's way, and emergency codes for when it is not there.

Rules: state, nonce and verifier are new each time and bound to one browser; a state works once; a
session is a random secret of which the database has a digest, it ends without use, after a shift,
and by hand; without a provider nobody signs in and whoever is here has the role of the setting.
What is *not* here: cookies and pages (``web``), and what a role may do (``staff``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from healthpassport.audit import Fact
from healthpassport.encoding import b64url_encode
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.protocols import oidc
from healthpassport.protocols.oid4vp.codes import LETTERS, folded
from verifier.settings import VerifierSettings
from verifier.store import SessionRow, SignInRow, StaffRows

from .audit import Actor, AuditTrail
from .provider import Provider
from .staff import Role, StaffMember, Way, this_machine
from .staff_roles import roles_of
from .transactions import Clock, Random

PAGE: Final = "staff page"  # the desk at which people sign in, as the audit trail names it
SECRET_BYTES: Final = 32
SIGN_IN_LIFETIME: Final = timedelta(minutes=10)
MAX_UNDER_WAY: Final = 1_000
CODE_LIFETIME: Final = timedelta(hours=1)  # of a session that an emergency code opened
CODE_LETTERS: Final = 20  # 100 bits
NOTE_AFTER: Final = timedelta(minutes=1)  # between notes that a session is in use
MAX_NAME: Final = 200
CALLBACK_PATH: Final = "/sign-in/callback"
SIGNED_OUT_PATH: Final = "/signed-out"
HOME: Final = "/"
# A page of this desk, to go on with after the sign-in: no other host, however it is written.
_OWN_PAGE: Final = re.compile(r"/(?![/\\])[A-Za-z0-9_./-]{0,200}(\?[A-Za-z0-9_.=&-]{0,200})?\Z")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what it must bring back."""

    url: str
    browser: str = field(repr=False)


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
        about = provider.metadata(now)
        state, browser, nonce, verifier = (self._secret() for _ in range(4))
        row = SignInRow(
            state=_digest(state),
            browser=_digest(browser),
            nonce=nonce,
            verifier=verifier,
            issuer=about.issuer,
            next=own_page(next_page),
            ends_at=now + SIGN_IN_LIFETIME,
        )
        if not self._rows.begin(row, now=now, limit=MAX_UNDER_WAY):
            raise ServiceError("rate_limited")
        url = oidc.authorization_url(
            about,
            client_id=provider.client_id,
            redirect_uri=self._callback,
            state=state,
            nonce=nonce,
            verifier=verifier,
            scopes=self._settings.oidc_scopes,
            acr_values=self._settings.oidc_acr_asked or self._settings.oidc_acr,
            language=language,
        )
        return Leaving(url, browser)

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
        begun = self._rows.take(_digest(state), now=now) if state else None
        # RFC 9700 section 4.7: the state belongs to the browser that began, and works once.
        if begun is None or not compare_digest(begun.browser, _digest(browser)):
            raise ServiceError("staff.sign_in_unknown")
        if begun.issuer != self._settings.oidc_issuer:
            raise ServiceError("staff.sign_in_unknown", "the provider was changed meanwhile")
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
        answer = oidc.read_callback(
            listed,
            expected_issuer=begun.issuer,
            issuer_required=provider.metadata(now).names_issuer,
        )
        vouched = provider.exchange(
            answer.code,
            verifier=begun.verifier,
            nonce=begun.nonce,
            redirect_uri=self._callback,
            now=now,
            jti=self._secret(),
        )
        roles = roles_of(
            vouched.claims,
            path=self._settings.oidc_role_claim,
            known=self._settings.oidc_roles,
            organisations=self._settings.oidc_organisations or (self._organisation,),
        )
        if not roles:
            raise ServiceError("staff.no_role")
        told = vouched.claims.get("name")
        name = told.strip()[:MAX_NAME] if isinstance(told, str) else ""
        return StaffMember(vouched.subject, name or vouched.subject, roles, self._organisation)

    def with_code(self, code: str, name: str) -> Entered:
        """Sign in a clinician by an emergency code, which is used up.

        Raises:
            ServiceError: ``staff.code`` for a code that is not one, or without a name.
        """
        self._needed()
        who = name.strip()[:MAX_NAME]
        letters = folded(code)
        if not who or len(letters) != CODE_LETTERS or not self._rows.use_code(_digest(letters)):
            self._note("sign_in.refused", self._nobody(), code="staff.code")
            raise ServiceError("staff.code")
        member = StaffMember(
            f"code:{who}", who, frozenset({Role.CLINICIAN}), self._organisation, Way.CODE
        )
        return Entered(self._session(member, self._now(), CODE_LIFETIME), member, HOME)

    def make_codes(self, count: int) -> tuple[str, ...]:
        """New emergency codes in place of all others; they are shown once and kept nowhere."""
        codes = tuple(self._code() for _ in range(count))
        digests = tuple(_digest(folded(code)) for code in codes)
        self._rows.replace_codes(digests, now=self._now())
        return codes

    def codes_left(self) -> int:
        """How many emergency codes are not used yet."""
        return self._rows.codes_left()

    def member(self, session: str) -> StaffMember | None:
        """Who holds ``session``; None where nobody does any more."""
        if self._provider is None:
            return this_machine(self._settings.role, self._organisation)
        row = self._rows.session(_digest(session)) if session else None
        if row is None:
            return None
        now = self._now()
        idle = timedelta(minutes=self._settings.session_idle_minutes)
        if row.ends_at <= now or row.seen_at + idle <= now:
            self._rows.end_session(row.id)
            return None
        if now - row.seen_at >= NOTE_AFTER:
            self._rows.seen(row.id, now=now)
        roles = frozenset(Role(name) for name in row.roles.split())
        return StaffMember(row.subject, row.name, roles, self._organisation, Way(row.way))

    def sign_out(self, session: str) -> None:
        """End ``session``; one that is over already changes nothing."""
        member = self.member(session) if session else None
        if member is not None and member.states_relationship:
            self._rows.end_session(_digest(session))
            self._note("sign_out.made", self._actor(member))

    def provider_sign_out(self) -> str | None:
        """Where to sign out at the provider too; None where it offers nothing or is not there."""
        if self._provider is None:
            return None
        try:
            about = self._provider.metadata(self._now())
        except PassportError:
            return None
        return oidc.sign_out_url(
            about,
            client_id=self._provider.client_id,
            return_to=self._settings.web_address + SIGNED_OUT_PATH,
        )

    @property
    def _callback(self) -> str:
        return self._settings.web_address + CALLBACK_PATH

    def _session(self, member: StaffMember, now: datetime, lifetime: timedelta) -> str:
        secret = self._secret()
        row = SessionRow(
            id=_digest(secret),
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
        provider = Provider(settings, own)
    return SignIn(
        settings=settings,
        rows=rows,
        provider=provider,
        organisation=organisation,
        clock=clock,
        random=random,
        audit=audit,
    )


def own_page(wanted: str) -> str:
    """``wanted`` where it is a page of this desk, else the first page (no open redirect)."""
    return wanted if _OWN_PAGE.match(wanted) and not wanted.startswith("/sign") else HOME


def _digest(secret: str) -> str:
    """Of a secret with 100 bits or more, which needs no salt and no slow hash."""
    return b64url_encode(hashlib.sha256(secret.encode("utf-8", "replace")).digest())
