"""What the pages of a sign-in say, in the patient's language.

Rules: six short words rather than twelve; a wallet's name is told as a name and the address that
records go to beside it. What is *not* here: the words in Welsh (``issuer/locale``).
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse

from healthpassport.errors import PassportError, catalogue
from issuer.service.configurations import configurations
from issuer.service.consent import Question
from issuer.service.patient_sign_in import Stopped
from issuer.settings import Settings
from issuer.web.rendering import render

from . import browser

PASSING = frozenset({"patient.offline", "patient.source"})


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one issuer."""

    settings: Settings

    def start(self, request: Request, asked: Question, *, language: str) -> HTMLResponse:
        """Who asks, and where the patient will sign in."""
        return self._page(request, "patient/start.html", language, target=asked.target, asked=asked)

    def agree(self, request: Request, asked: Question, *, language: str) -> HTMLResponse:
        """Which records go to which wallet."""
        say = browser.words_of(request, chosen=language)
        given = configurations(self.settings)
        types = {given[name].definition.type: given[name] for name in asked.configurations}
        labels = [say.of(one.definition.labels).patient for one in types.values()]
        return self._page(
            request,
            "patient/agree.html",
            language,
            target=asked.target,
            asked=asked,
            labels=labels,
        )

    def stopped(self, request: Request, outcome: Stopped) -> HTMLResponse:
        """Why it ended, and the way back to the wallet."""
        return self._told(request, outcome.code, back=outcome.back, wallet=outcome.wallet)

    def refused(self, request: Request, error: PassportError, *, again: bool) -> HTMLResponse:
        """What is wrong, where nobody knows the way back."""
        return self._told(request, error.code, again=again and error.code in PASSING)

    def _told(
        self, request: Request, code: str, *, back: str = "", wallet: str = "", again: bool = False
    ) -> HTMLResponse:
        say, entry = browser.words_of(request), catalogue()[code]
        return self._page(
            request,
            "patient/stopped.html",
            "",
            status=max(entry.status, 400),
            title=say(entry.title),
            hint=say(entry.hint),
            code=code,
            back=back,
            wallet=wallet,
            again=again,
        )

    def _page(
        self,
        request: Request,
        name: str,
        chosen: str,
        *,
        status: int = 200,
        target: str = "",
        **values: object,
    ) -> HTMLResponse:
        say = browser.words_of(request, chosen=chosen)
        html = render(
            name,
            language=say.language,
            brand=self.settings.web_brand,
            organisation=self.settings.name,
            service=self.settings.patient_sign_in_name,
            root=f"{self.settings.path}/patient",
            **values,
        )
        response = HTMLResponse(html, status_code=status, headers=dict(browser.headers(target)))
        browser.speak(response, chosen)
        return response
