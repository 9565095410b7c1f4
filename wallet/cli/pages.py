"""The command that opens the wallet's pages in a browser of this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import typer

from . import session


def open_pages(
    *,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port of the pages; 0 for any that is free."),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only show the link, and open no browser.")
    ] = False,
) -> None:
    """Open your wallet in a browser here. Ctrl-C closes it."""
    from wallet.settings import WalletSettings  # noqa: PLC0415 - heavy: only when a command runs
    from wallet.web.serving import serve  # noqa: PLC0415

    settings = WalletSettings()
    serve(
        session.wallet(),
        settings,
        port=settings.web_port if port is None else port,
        ready=lambda link: _show(link, browser=not no_browser),
    )
    session.say("Your wallet is locked and closed.")


def _show(link: str, *, browser: bool) -> None:
    session.say("Open this link in a browser here. It works once.")
    session.show(link)
    session.say("Press Ctrl-C to lock your wallet and close it.")
    if browser:
        typer.launch(link)


COMMANDS: Final[dict[str, Callable[..., None]]] = {"open": open_pages}
