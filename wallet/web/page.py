"""What a route has in its hands: the wallet in the person's language, and the way to show a page.

    @router.get("/records")
    def records(page: Seen) -> Response:
        return page.show("records/list.html", records=page.wallet.records())

What is *not* here: routes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from wallet.service import Wallet
from wallet.settings import WalletSettings
from wallet.vault import IDLE_LIMIT

from .gate import cookie
from .rendering import render
from .visit import Form, Visit, own_path
from .words import LANGUAGES, catalogue

SEE_OTHER: Final = 303
LANGUAGE_COOKIE: Final = "language"


@dataclass(frozen=True, slots=True)
class Page:
    """One request: its visit, its language, its answer."""

    request: Request
    visit: Visit
    settings: WalletSettings
    language: str

    @property
    def wallet(self) -> Wallet:
        """The wallet, in the language of this request."""
        return self.visit.speak(self.language)

    @property
    def path(self) -> str:
        """The address of this page, without its query."""
        return str(self.request.scope["path"])

    @property
    def port(self) -> int:
        """Where these pages listen."""
        return int(self.request.scope["server"][1])

    @property
    def address(self) -> str:
        """The address of this page with its query."""
        query = self.request.url.query
        return own_path(f"{self.path}?{query}" if query else self.path)

    def words(self, text: str) -> str:
        """English ``text`` (marked with ``msg``) in the language of this request."""
        return catalogue(self.language).gettext(text) if self.language != "en" else text

    def kept(self) -> Form | None:
        """What this page's form held when the wallet was locked or the language changed."""
        return self.visit.kept(self.path)

    def show(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
        """The page ``template`` with ``values``."""
        wallet = self.visit.wallet
        unlocked = wallet.exists and not wallet.locked
        return self._page(template, status, known=True, unlocked=unlocked, **values)

    def show_stranger(self, template: str, *, status: int, **values: Any) -> HTMLResponse:  # noqa: ANN401
        """The same, without a control and without a sign of whether there is a wallet."""
        return self._page(template, status, known=False, unlocked=False, **values)

    def _page(self, template: str, status: int, **values: Any) -> HTMLResponse:  # noqa: ANN401
        text = render(
            template,
            language=self.language,
            brand=self.settings.brand,
            has_logo=self.settings.brand_logo is not None,
            address=self.address,
            idle_seconds=int(IDLE_LIMIT.total_seconds()),
            **values,
        )
        return HTMLResponse(text, status_code=status)

    def go(self, path: str) -> RedirectResponse:
        """On to ``path``: a form is always answered so, and reloading never posts twice."""
        return RedirectResponse(path, status_code=SEE_OTHER)


def language_of(request: Request) -> str:
    """The language that the person chose, else that of the settings."""
    settings: WalletSettings = request.app.state.settings
    chosen = cookie(request.scope, LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else settings.language


def page_of(request: Request) -> Page:
    """The page that answers ``request``."""
    state = request.app.state
    return Page(request, state.visit, state.settings, language_of(request))


Seen = Annotated[Page, Depends(page_of)]
