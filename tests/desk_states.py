"""Every page that staff can see, each in its state: ``paths(world, desk, cards)`` by name.

Answers are real; for states that take days to come about, the result that is held is exchanged for
one that says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from card_desk import made
from desk_world import full_wallet, handle_of

from healthpassport.credential import DeskState, FiredRule, Rule, Verdict, VerifiedIssuer
from healthpassport.keys import generate_signer
from healthpassport.protocols.oid4vp import encode_error
from verifier.service import Expected, Progress
from verifier.service.cards import Reader
from verifier.web.app import DESK

TEMPLATE = "emergency_admission"
READER = Reader("Dr Example, 555-0100", 6, role="doctor", note="Asked for by the ward")
DAY = timedelta(days=1)
NOTHING = {"items": (), "negations": (), "subject": None, "shown": 0}


def asked(desk, **more):
    return desk.ask(TEMPLATE, desk=DESK, **more)


def answered(world, desk, **more):
    view = asked(desk, **more)
    wallet = full_wallet(world)
    request = wallet.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), wallet.answer(request))
    return view


def declined(world, desk):
    view = asked(desk)
    request = full_wallet(world).read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), encode_error("access_denied", state=request.state))
    return view


def ended(desk, progress, code=None):
    view = asked(desk)
    desk._store.finish(view.id, progress=progress, code=code)
    return view


def exchanged(world, desk, change, record_type="AllergySummary", verdict=Verdict.REJECTED):
    """A result in which ``change`` was done to one section."""
    view = answered(world, desk)
    held = desk.holding._held[view.id]
    summary = held.answer.summary
    sections = tuple(
        one
        for section in summary.sections
        for one in (change(section) if section.record_type == record_type else (section,))
    )
    other = replace(summary, sections=sections, verdict=verdict)
    desk.holding._held[view.id] = replace(held, answer=replace(held.answer, summary=other))
    return view


def said(state, **more):
    return lambda section: (replace(section, state=state, **more),)


def twice(section):
    """The same list, and another source's that differs."""
    item = replace(section.items[0], unit={**section.items[0].unit, "criticality": "low"})
    issuer = VerifiedIssuer("https://other.example", "B67890", "Other Surgery")
    other = replace(section, items=(item,), shown=1, total=1, issuer=issuer, query_id="other")
    return (section, other)


def old(section):
    return (replace(section, old=True, rules=(FiredRule(Rule.RECORD_AGE, 30 * DAY, 45 * DAY),)),)


def results(world, desk):
    """Results by name."""
    unsure = (FiredRule(Rule.STATUS_LIST_AGE, 2 * DAY, 5 * DAY),)
    failed, hidden = DeskState.FAILED_CHECK, NOTHING
    return {
        "accepted": answered(world, desk),
        "another person": answered(
            world, desk, expected=Expected("Smith", "1959-01-01", "9990000026")
        ),
        "partly": exchanged(
            world,
            desk,
            lambda s: (replace(s, state=DeskState.PARTLY_SHARED, items=s.items[:1], shown=1),),
        ),
        "failed": exchanged(world, desk, said(failed, code="jws.signature", **hidden)),
        "withdrawn": exchanged(
            world, desk, said(failed, code="status.revoked", **hidden), "MedicationSummary"
        ),
        "nobody": exchanged(
            world,
            desk,
            said(DeskState.NOT_MATCHED, code="match.subject_missing", **hidden),
        ),
        "old": exchanged(world, desk, old, verdict=Verdict.ACCEPTED),
        "unsure": exchanged(
            world, desk, said(DeskState.COULD_NOT_CHECK, code="status.stale", rules=unsure)
        ),
        "out of date": exchanged(world, desk, said(DeskState.OUT_OF_DATE, code="cred.expired")),
        "narrative": exchanged(
            world, desk, said(DeskState.NARRATIVE_ONLY, items=(), shown=0, total=0)
        ),
        "two sources": exchanged(world, desk, twice, verdict=Verdict.ACCEPTED),
    }


def paths(world, desk, cards):
    """The address of every page, by the name of its state."""
    confirming = ended(desk, Progress.CONFIRMING)
    good, bad = made(world), made(world, signer=generate_signer())
    card, refused = (cards.read(text, reader=READER) for text in (good, bad))
    views = {
        "waiting": asked(desk),
        "answering": ended(desk, Progress.ANSWERING),
        "confirm": confirming,
        "declined": declined(world, desk),
        "expired": ended(desk, Progress.EXPIRED, "transaction.expired"),
        "closed": ended(desk, Progress.CLOSED),
        "refused": ended(desk, Progress.FAILED, "vp.format"),
        "refused deep inside": ended(desk, Progress.FAILED, "sdjwt.kb_at_issuance"),
        **{f"result {name}": view for name, view in results(world, desk).items()},
    }
    return {
        "start": "/",
        "today": "/today",
        "help": "/help",
        "problem": "/requests/nothing",
        "card form": "/cards",
        "card": f"/cards/{card.id}",
        "card refused": f"/cards/{refused.id}",
        "receipt": f"/cards/{card.id}/receipt",
        **{name: f"/requests/{view.id}" for name, view in views.items()},
    }
