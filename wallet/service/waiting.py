"""``wallet.waiting``: records that surgeries have not finished, and asking for them again.

Rules: a surgery is asked no sooner than it said, on the wallet's timetable or by its owner's word;
what comes passes the checks of receiving, and whose it is stays as it was said; where nobody can
say, it makes a passport of its own. What a surgery says for good ends the waiting, with its reason.
What is *not* here: words (``outcomes``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.keys import signer_from_private_jwk
from healthpassport.protocols.oid4vci import NotificationEvent, TokenResponse
from healthpassport.record_words import record_label
from healthpassport.summary import definition
from healthpassport.trust.model import TrustView
from wallet.client.access import DPOP, Access, Caller
from wallet.client.checking import check_collected
from wallet.client.collecting import Collected, Later
from wallet.client.holding import HolderClient
from wallet.client.offers import read_issuer
from wallet.vault import Vault

from .arriving import arrive
from .gifts import lent_through
from .grants import PASSING, access, note_end, read_grants
from .outcomes import DONE, TOO_SOON, WAITING, Outcome, outcome
from .put_off import (
    PutOff,
    change_put_off,
    drop_put_off,
    forget_idle,
    grant_of,
    read_put_off,
)
from .surroundings import Surroundings

# What ends the waiting where it is said before a record came; grants.PASSING is not among them.
FOR_GOOD: Final = frozenset(
    {"wallet.record_denied", "wallet.record_forgotten", "wallet.no_way_back"}
)
# A list out of date, a vault without room: the record is as good as it was, and comes again.
OWN_TROUBLE: Final = ("trust.", "vault.")


@dataclass(frozen=True, slots=True)
class WaitingView:
    """One record that has not come. ``title`` and ``next_step`` are its state in words.

    ``again`` is when the surgery may be asked, ``ended`` the code of why it will not come.
    """

    id: str
    type: str
    label: str
    issuer: str
    since: datetime
    again: datetime
    ended: str
    title: str
    next_step: str

    def wire(self) -> dict[str, Json]:
        """The record as JSON."""
        return {
            "id": self.id,
            "type": self.type,
            "label": self.label,
            "issuer": self.issuer,
            "since": self.since.isoformat(),
            "again": self.again.isoformat(),
            "ended": self.ended,
            "title": self.title,
            "next": self.next_step,
        }


class Waiting:
    """The records that one wallet waits for.

    Args:
        opened: the vault, unlocked.
        around: network, clock, trust.
    """

    def __init__(self, opened: Callable[[], Vault], around: Surroundings) -> None:
        self._opened = opened
        self._around = around

    def list(self) -> tuple[WaitingView, ...]:
        """All of them, the oldest first; nobody is asked anything."""
        return tuple(self._view(one) for one in read_put_off(self._opened()))

    def look(self, ids: Collection[str] | None = None) -> tuple[Outcome, ...]:
        """Ask for those with ``ids`` (None: all) again, but none sooner than its surgery said."""
        now, known = self._around.clock(), read_put_off(self._opened())
        if ids is not None and not set(ids) <= {one.id for one in known}:
            raise ServiceError("wallet.record_unknown")
        chosen = [one for one in known if not one.ended and (ids is None or one.id in ids)]
        early = [self._told(one, TOO_SOON) for one in chosen if one.next > now]
        return _each_once((*self._asked([o for o in chosen if o.next <= now]), *early))

    def look_due(self) -> tuple[Outcome, ...]:
        """Ask for those whose time has come, and for nothing else."""
        now = self._around.clock()
        due = [o for o in read_put_off(self._opened()) if not o.ended and o.next <= now]
        return _each_once(self._asked(due))

    def forget(self, id_: str) -> None:
        """Wait no longer for one; its keys are deleted. The surgery is not told."""
        vault, known = self._opened(), read_put_off(self._opened())
        found = [one for one in known if one.id == id_]
        if not found:
            raise ServiceError("wallet.record_unknown")
        grants = read_grants(vault)
        lent = any(lent_through(vault, grants, one.person) for one in found)
        with vault.transaction() as writer:
            drop_put_off(writer, found)
            forget_idle(writer, grants, known, found, lent=lent)

    def _asked(self, chosen: Collection[PutOff]) -> tuple[Outcome, ...]:
        """By surgery and way to ask, so that a token turns once for all of them."""
        lines: dict[tuple[str, str, str], list[PutOff]] = {}
        for one in chosen:
            lines.setdefault((one.iss, one.grant or one.person, one.token), []).append(one)
        return tuple(told for line in lines.values() for told in self._line(line))

    def _line(self, line: Sequence[PutOff]) -> Sequence[Outcome]:
        first = line[0]
        try:
            trust = self._around.fresh_trust()
            trust.trust_list.issuer(first.iss)
            client = self._client(first)
        except PassportError as error:
            return [self._failed(one, error, for_good=_is_for_good(error.code)) for one in line]
        told = (self._one(one.id, client, trust) for one in line)
        return [one for one in told if one is not None]

    def _client(self, one: PutOff) -> HolderClient:
        vault, around = self._opened(), self._around
        grant = grant_of(vault, one)
        if grant is not None:
            return access(grant, vault=vault, around=around)
        if not one.token:
            raise ServiceError("wallet.no_way_back", one.issuer)
        if one.until is not None and one.until <= around.clock():
            raise ServiceError("wallet.record_forgotten", "the leave to ask for it has run out")
        issuer, _ = read_issuer(one.iss, fetcher=around.fetcher)
        signer = signer_from_private_jwk(one.key)
        caller = Caller(signer, around.fetcher, around.clock(), around.random)
        token = TokenResponse.model_validate({"access_token": one.token, "token_type": DPOP})
        return HolderClient(Access(caller, token), issuer)

    def _one(self, id_: str, client: HolderClient, trust: TrustView) -> Outcome | None:
        """Ask for one; it is read anew, since the one before it may have told whose it is.

        None where what came just now stands in its place.
        """
        vault = self._opened()
        one = next((found for found in read_put_off(vault) if found.id == id_), None)
        if one is None:
            return None
        try:
            found = client.ask_again(one.later)
        except PassportError as error:
            return self._failed(one, error, for_good=_is_for_good(error.code))
        if isinstance(found, Later):
            with vault.transaction() as writer:
                change_put_off(writer, one.again(found, self._around.clock()))
            return self._told(one, WAITING)
        return self._came(one, found, client, trust)

    def _came(
        self, one: PutOff, found: Collected, client: HolderClient, trust: TrustView
    ) -> Outcome:
        vault, around = self._opened(), self._around
        try:
            checked = check_collected(found, trust=trust, now=around.clock())
            if checked.issuer.iss != one.iss:
                raise ServiceError("wallet.credential_rejected", "it is by another issuer")
            note = arrive(one, checked, vault=vault, around=around)
        except PassportError as error:
            for_good = not error.code.startswith(OWN_TROUBLE)
            if for_good:
                client.notify(found, NotificationEvent.FAILURE)
            return self._failed(one, error, for_good=for_good)
        # Of one that is older than what is held the surgery must not end the newer copies.
        kept = NotificationEvent.FAILURE if note is None else NotificationEvent.ACCEPTED
        client.notify(found, kept)
        return outcome(
            DONE,
            around.language,
            issuer=one.issuer,
            person=one.person if note is None else note.person,
            notes=() if note is None else (note,),
            renewed=True,
        )

    def _failed(self, one: PutOff, error: PassportError, *, for_good: bool) -> Outcome:
        """This wallet's own trouble is raised on; what is said for good is kept."""
        if error.code.startswith("vault."):
            raise error
        vault = self._opened()
        grant = grant_of(vault, one)
        if grant is not None:
            note_end(vault, grant, error)
        if for_good:
            with vault.transaction() as writer:
                change_put_off(writer, replace(one, ended=error.code))
        return self._told(one, error.code)

    def _told(self, one: PutOff, code: str) -> Outcome:
        return outcome(code, self._around.language, issuer=one.issuer, person=one.person)

    def _view(self, one: PutOff) -> WaitingView:
        language = self._around.language
        told = self._told(one, one.ended or WAITING)
        return WaitingView(
            id=one.id,
            type=one.type,
            label=record_label(definition(one.type), language),
            issuer=one.issuer,
            since=one.since,
            again=one.next,
            ended=one.ended,
            title=told.title,
            next_step=told.next_step,
        )


def _is_for_good(code: str) -> bool:
    return code in FOR_GOOD or (code.startswith("grant.") and code not in PASSING)


def _each_once(told: Collection[Outcome]) -> tuple[Outcome, ...]:
    """Records of one surgery that ended alike are told of together."""
    found: dict[tuple[str, str], Outcome] = {}
    for one in told:
        before = found.get((one.issuer, one.code))
        notes = (*before.notes, *one.notes) if before else one.notes
        found[one.issuer, one.code] = replace(one, notes=notes)
    return tuple(found.values())
