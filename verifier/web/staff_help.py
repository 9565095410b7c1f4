"""The page of help for staff: what each state means, whose side it is on, what to do.

What is *not* here: the words of the states (``service.words``), and what is said of them (HTML).
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from verifier.service.words import (
    KNOWN,
    NONE_KNOWN,
    NOT_RECORDED,
    OLD,
    STATES,
    UNAVAILABLE,
    shared_words,
)

from .languages import words_of
from .rendering import page

router = APIRouter()


@router.get("/help", response_class=HTMLResponse)
def show(request: Request) -> str:
    """What everything on a result means."""
    say = words_of(request)
    states = {state.value: say(words) for state, words in STATES.items()}
    return page(
        request,
        "help.html",
        states={**states, "old": say(OLD), "partly_shared": shared_words(3, 5, say)},
        headings={
            "known": say(KNOWN),
            "none": say(NONE_KNOWN),
            "not_recorded": say(NOT_RECORDED),
            "unavailable": say(UNAVAILABLE),
        },
    )
