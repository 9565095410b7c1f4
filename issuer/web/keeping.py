"""The pages of those who run the issuer: keys, the trust list, status lists, each with what to do.

What is *not* here: anything of a patient, and changing what is shown (commands do that).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from healthpassport.errors import PassportError
from healthpassport.languages import Words, msg
from healthpassport.record_words import day
from healthpassport.uk_time import uk_day
from issuer.service.console import keeping
from issuer.service.console.problem_words import problem_words
from issuer.service.key_list import SOON, KeyRow, Listed
from issuer.service.trust_view import NextStep

from .access import Member, Service
from .languages import words_of
from .rendering import page

SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "now": msg("Signs now"),
        "next": msg("Signs next"),
        "before": msg("Signed before"),
    }
)
LISTED: Final[Mapping[Listed, str]] = MappingProxyType(
    {
        Listed.YES: msg("On the trust list"),
        Listed.NO: msg("Not on the trust list: hospitals do not believe it"),
        Listed.ENDED: msg("Its time on the trust list is over"),
        Listed.COMPROMISED: msg("Stopped: others may have this key"),
        Listed.UNKNOWN: msg("No copy of the trust list is here"),
    }
)
STEPS: Final[Mapping[NextStep, tuple[str, str]]] = MappingProxyType(
    {
        NextStep.KEEP_COPY: (
            msg("Keep a copy of the trust list here, so that this page can say what it says."),
            "PASSPORT_ISSUER_TRUST_FOLDER, PASSPORT_ISSUER_TRUST_ROOT; passport-trust update",
        ),
        NextStep.UPDATE: (
            msg("Bring the copy of the trust list up to date."),
            "passport-trust update",
        ),
        NextStep.ENROL: (
            msg("Ask the authority to put this practice on the list."),
            "passport-issuer keys signing; passport-trust add-issuer --csr",
        ),
        NextStep.ADD_KEY: (
            msg("Ask the authority to list the key that signs now. Until then nobody believes it."),
            "passport-issuer keys renew; passport-trust add-issuer --csr",
        ),
        NextStep.RENEW_KEY: (
            msg("Change the key, or renew its certificate, before its time is over."),
            "passport-issuer keys rotate; passport-issuer keys renew",
        ),
        NextStep.ADD_TYPES: (
            msg("Ask the authority to let the key sign everything that is offered here."),
            "passport-trust add-issuer --record-type",
        ),
        NextStep.ADD_LISTS: (
            msg("Ask the authority to name every status list. Hospitals fetch those on the list."),
            "passport-trust add-issuer --status-list",
        ),
        NextStep.NAME: (
            msg("The list has another name or code for this practice. Make them the same."),
            "PASSPORT_ISSUER_NAME, PASSPORT_ISSUER_ODS",
        ),
    }
)
NEXT_KEY: Final = msg("Choose the next key now: the one that signs is good for less than a month.")

router = APIRouter()


@router.get("/keys", response_class=HTMLResponse)
def keys(request: Request, console: Service, who: Member) -> str:
    """The keys that sign, since when, until when, and what the trust list makes of each."""
    say = words_of(request)
    try:
        rows = keeping.keys(console, who)
    except PassportError as error:
        if error.code == "staff.role":
            raise
        problem = problem_words(error.code, say)
        return page(request, "keeping/keys.html", rows=(), problem=problem, steps=())
    shown = [
        {
            "name": row.thumbprint,
            "signs": say(SIGNS[row.signs]),
            "algorithm": row.algorithm,
            "since": _day(row.since, say),
            "ends": _day(row.certificate_ends, say),
            "listed": say(LISTED[row.listed]),
            "until": None if row.listed_until is None else _day(row.listed_until, say),
            "good": row.listed in {Listed.YES, Listed.UNKNOWN} or row.signs == "before",
        }
        for row in rows
    ]
    steps = (say(NEXT_KEY),) if _is_due(rows, console.issuer.clock()) else ()
    return page(request, "keeping/keys.html", rows=shown, problem=None, steps=steps)


@router.get("/trust", response_class=HTMLResponse)
def trust(request: Request, console: Service, who: Member) -> str:
    """What the copy of the trust list says of this issuer, its age, and the next steps."""
    say, found = words_of(request), keeping.trust(console, who)
    problem = problem_words(found.problem, say) if found.problem else None
    rows = []
    if found.updated_at is not None:
        name = f"{found.name} ({found.ods})" if found.name else say(msg("Not on the list"))
        rows += [
            (say(msg("This practice")), name),
            (say(msg("Edition")), str(found.version)),
            (say(msg("Brought up to date")), _day(found.updated_at, say)),
            (say(msg("Days since then")), str(found.age.days)),
        ]
    if found.key is not None:
        rows += [
            (say(msg("Key that signs now")), found.key.thumbprint),
            (say(msg("Good until")), _day(found.key.not_after, say)),
        ]
    steps = [(say(STEPS[one][0]), STEPS[one][1]) for one in found.steps]
    return page(request, "keeping/trust.html", found=found, rows=rows, problem=problem, steps=steps)


@router.get("/lists", response_class=HTMLResponse)
def lists(request: Request, console: Service, who: Member) -> str:
    """The status lists: how full they are, and whether enough stand in each."""
    return page(request, "keeping/lists.html", lists=keeping.lists(console, who))


def _is_due(rows: tuple[KeyRow, ...], now: datetime) -> bool:
    """Whether the key that signs is soon over and no other follows in time."""
    row = next(one for one in rows if one.signs == "now")
    until = min(row.certificate_ends, row.listed_until or row.certificate_ends)
    follows = any(one.signs == "next" and one.since < until for one in rows)
    return until - now < SOON and not follows


def _day(moment: datetime, say: Words) -> str:
    return day(uk_day(moment), say.language)
