"""The questions that are open: each until it is answered, too old, or the wallet locks.

Rules: a question is answered once, and named by an id that nobody can guess (``consent.required``);
a request is answered once, from whichever of several windows (``consent.answered``); of two threads
that answer at once one wins. What is *not* here: other processes (a desk takes one answer only).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.errors import RequestError, ServiceError
from healthpassport.requests import MAX_AGE, VerifiedRequest
from wallet.consent import ConsentQuestion

QUESTION_LIFE: Final = timedelta(minutes=10)  # then the request itself has run out


class OpenQuestions:
    """See the module; ``clock`` tells the time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._open: dict[str, datetime] = {}
        self._answered: dict[tuple[str, str], datetime] = {}

    def add(self, question: ConsentQuestion) -> None:
        """``question`` is asked now."""
        with self._lock:
            self._open[question.id] = self._clock()

    def check(self, question: ConsentQuestion) -> None:
        """``question`` may be answered; raises ``consent.required`` or ``consent.answered``."""
        with self._lock:
            self._must_be_open(question)

    def check_unanswered(self, request: VerifiedRequest) -> None:
        """``request`` was not answered before; raises ``consent.answered``."""
        with self._lock:
            self._must_be_unanswered(request)

    def take(self, question: ConsentQuestion) -> None:
        """Close ``question`` for every other window, before anything is sent."""
        with self._lock:
            self._must_be_open(question)
            del self._open[question.id]
            self._answered[_name(question.request)] = self._clock()

    def give_back(self, question: ConsentQuestion) -> None:
        """The answer did not leave, or may not have arrived: it may be given again."""
        with self._lock:
            self._answered.pop(_name(question.request), None)
            self._open[question.id] = self._clock()

    def _must_be_open(self, question: ConsentQuestion) -> None:
        asked = self._open.get(question.id)
        if asked is None or self._clock() - asked > QUESTION_LIFE:
            self._open.pop(question.id, None)
            raise RequestError("consent.required")
        self._must_be_unanswered(question.request)

    def _must_be_unanswered(self, request: VerifiedRequest) -> None:
        old = self._clock() - MAX_AGE
        self._answered = {name: at for name, at in self._answered.items() if at > old}
        if _name(request) in self._answered:
            raise ServiceError("consent.answered")


def _name(request: VerifiedRequest) -> tuple[str, str]:
    """What tells one request from all others."""
    return (request.client_id, request.nonce)
