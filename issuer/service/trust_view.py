"""What the copy of the trust list says of this issuer, how old it is, and what is to be done.

Rules: nothing is updated here and no network is used; a copy that cannot be relied on is told with
the reason, and never as "not listed". What is *not* here: the keys' own rows (``key_list``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from healthpassport.errors import PassportError, SettingsError
from healthpassport.trust.model import TrustedIssuer, TrustList, TrustView
from healthpassport.trust.reading import read_trust_list
from issuer.settings import Settings
from schemas.cards import CARD

from .context import IssuerContext
from .key_list import LIST_AGE, SOON
from .token_lists import list_uris


class NextStep(StrEnum):
    """What somebody should do about the list."""

    KEEP_COPY = "keep_copy"  # no copy is set up here
    UPDATE = "update"  # the copy is old, or cannot be read
    ENROL = "enrol"  # the list does not name this issuer
    ADD_KEY = "add_key"  # it does not name the key that signs now
    RENEW_KEY = "renew_key"  # its entry ends soon
    ADD_TYPES = "add_types"  # the key may not sign all that is offered
    ADD_LISTS = "add_lists"  # desks are not told of every status list
    NAME = "name"  # the list knows this issuer under another name or code


@dataclass(frozen=True, slots=True)
class ListedKey:
    """The entry of the key that signs now."""

    thumbprint: str
    not_before: datetime
    not_after: datetime
    record_types: tuple[str, ...]
    is_compromised: bool


@dataclass(frozen=True, slots=True)
class TrustStanding:
    """How this issuer stands in the list, as far as the copy here says.

    ``problem`` is the code of why the copy cannot be read; ``version`` counts editions of the list.
    """

    problem: str = ""
    version: int = 0
    updated_at: datetime | None = None
    age: timedelta = timedelta()
    is_stale: bool = False
    name: str = ""
    ods: str = ""
    key: ListedKey | None = None
    status_lists: tuple[str, ...] = ()
    aggregation: str = ""
    missing_lists: tuple[str, ...] = ()
    missing_types: tuple[str, ...] = ()
    steps: tuple[NextStep, ...] = ()


def standing(issuer: IssuerContext) -> TrustStanding:
    """What the copy of the list says of this issuer now."""
    settings, now = issuer.settings, issuer.clock()
    if settings.trust_folder is None or settings.trust_root is None:
        return TrustStanding(steps=(NextStep.KEEP_COPY,))
    try:
        view = _view(settings, now)
    except PassportError as error:
        return TrustStanding(problem=error.code, steps=(NextStep.UPDATE,))
    return _judged(issuer, view, now)


def _judged(issuer: IssuerContext, view: TrustView, now: datetime) -> TrustStanding:
    listed = view.trust_list
    entry = next((one for one in listed.issuers if one.iss == issuer.settings.iss), None)
    steps = [NextStep.UPDATE] if view.stale else []
    if entry is None:
        return _told(view, listed, steps=(*steps, NextStep.ENROL))
    key = _key(issuer, entry)
    lists = tuple(one for one in list_uris(issuer) if not _is_told(entry, one))
    types = () if key is None else _not_signed(issuer, key)
    if (entry.ods, entry.name) != (issuer.settings.ods, issuer.settings.name):
        steps.append(NextStep.NAME)
    if key is None or key.is_compromised or key.not_after <= now:
        steps.append(NextStep.ADD_KEY)
    elif key.not_after - now < SOON:
        steps.append(NextStep.RENEW_KEY)
    steps += [NextStep.ADD_TYPES] if types else []
    steps += [NextStep.ADD_LISTS] if lists else []
    return TrustStanding(
        version=listed.version,
        updated_at=view.updated_at,
        age=view.age,
        is_stale=view.stale,
        name=entry.name,
        ods=entry.ods,
        key=key,
        status_lists=tuple(entry.status_lists),
        aggregation=entry.status_aggregation or "",
        missing_lists=lists,
        missing_types=types,
        steps=tuple(steps),
    )


def _told(view: TrustView, listed: TrustList, *, steps: tuple[NextStep, ...]) -> TrustStanding:
    return TrustStanding(
        version=listed.version,
        updated_at=view.updated_at,
        age=view.age,
        is_stale=view.stale,
        steps=steps,
    )


def _key(issuer: IssuerContext, entry: TrustedIssuer) -> ListedKey | None:
    found = entry.key(issuer.signer.public_key.thumbprint())
    if found is None:
        return None
    return ListedKey(
        found.thumbprint,
        found.not_before,
        found.not_after,
        tuple(found.record_types),
        found.compromised_at is not None,
    )


def _not_signed(issuer: IssuerContext, key: ListedKey) -> tuple[str, ...]:
    """What is offered and the key may not sign."""
    from .configurations import can_make_cards, configurations  # noqa: PLC0415 - slow to load

    offered = dict.fromkeys(one.definition.type for one in configurations(issuer.settings).values())
    types = [*offered, *((CARD,) if can_make_cards(issuer) else ())]
    return tuple(name for name in types if name not in key.record_types)


def _is_told(entry: TrustedIssuer, uri: str) -> bool:
    """Whether desks fetch the list at ``uri`` on their timetable: named, or in the aggregation."""
    return entry.status_aggregation is not None or uri in entry.status_lists


def _view(settings: Settings, now: datetime) -> TrustView:
    folder, root = settings.trust_folder, settings.trust_root
    if folder is None or root is None:
        raise SettingsError("issuer.settings", "trust_folder and trust_root belong together")
    try:
        pinned = root.read_bytes()
    except OSError as error:
        raise SettingsError("issuer.settings", "trust_root cannot be read") from error
    return read_trust_list(folder, root=pinned, now=now, max_age=LIST_AGE)
