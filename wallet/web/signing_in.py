"""Coming back from a surgery's sign-in.

A browser comes from another site, so it brings no cookie of these pages (SameSite=Strict), and to
an address without a name (``wallet.service.way_back``). It is led to our own name, and lands on a
page that shows nothing of anybody: what it brought goes on by that page's form, with the cookie.
What is *not* here: what an answer is worth (``wallet.service.sign_ins``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.asgi import Application, Receive, Scope, Send
from wallet.client.signing_in import MAX_ANSWER
from wallet.service import BACK, WhoseError

from .page import SEE_OTHER, Seen

LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]"})
DONE: Final = "/signed-in"

router = APIRouter()
Answer = Annotated[str, Form(max_length=MAX_ANSWER)]


class WayBack:
    """Leads a browser that comes back by address to the same page under our name.

    Args:
        app: the pages.
        name: the host name that they answer to.
    """

    def __init__(self, app: Application, *, name: str) -> None:
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] != BACK or not _by_address(scope):
            await self._app(scope, receive, send)
            return
        where = f"http://{self._name}:{scope['server'][1]}{BACK}?".encode() + scope["query_string"]
        headers = [(b"location", where), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": SEE_OTHER, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@router.get(BACK)
def back(page: Seen) -> Response:
    """For anybody: what the browser brought, and a button to go on."""
    return page.show_stranger(
        "signing_in/back.html", status=200, answer=page.request.url.query, done=DONE
    )


@router.get(DONE)
def again(page: Seen) -> Response:
    """Where a wallet that was locked meanwhile goes on; the answer itself was not kept."""
    return page.show("signing_in/again.html")


@router.post(DONE)
def done(
    page: Seen,
    secret_answer: Answer = "",
    person: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Take the records."""
    try:
        records = page.wallet.finish(secret_answer, person=person or None)
    except WhoseError as error:
        return page.show("add/whose.html", status=error.status, whose=error, answer=secret_answer)
    return page.go(f"/added/{page.visit.open(records)}")


def _by_address(scope: Scope) -> bool:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and hosts[0].rpartition(":")[0] in LOOPBACK
