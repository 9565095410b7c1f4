"""``passport-issuer serve``: the issuer over https."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from .memory import no_memory_images
from .opening import Config, say

if TYPE_CHECKING:
    from fastapi import FastAPI

    from healthpassport.asgi import Application
    from issuer.settings import Settings

    from .watched import Watching

    Served: TypeAlias = tuple[Application, str, int]  # an application, its address and its port

GRACE_SECONDS: Final = 10  # for what is under way when the process is told to stop


def serve(config: Config = None) -> None:
    """Serve wallets, practices and desks over https, and the console where it has a port."""
    import uvicorn  # noqa: PLC0415 - a second that only serving needs
    from uvicorn.protocols.http.auto import AutoHTTPProtocol  # noqa: PLC0415

    from healthpassport.deadlines import with_deadline  # noqa: PLC0415
    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.vc_api.settings import VcApiSettings  # noqa: PLC0415
    from issuer.api import create_app  # noqa: PLC0415
    from issuer.service import pace  # noqa: PLC0415
    from issuer.settings import load, tls_problem  # noqa: PLC0415

    from .logs import log_to_stderr  # noqa: PLC0415
    from .together import run_together  # noqa: PLC0415
    from .watched import Watching  # noqa: PLC0415

    no_memory_images()
    VcApiSettings().refuse_beside_real_keys()
    settings = load(config)
    if (problem := tls_problem(settings)) is not None:
        raise SettingsError("issuer.settings", problem)
    log_to_stderr(settings.log_level)
    app = create_app(settings)
    app.state.issuer.pace.counter = pace.counted
    watching = Watching(app.state.issuer)
    # The server gives a signal back once it has stopped: that it stopped as told is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config_of = partial(
        uvicorn.Config,
        log_config=None,  # what uvicorn logs goes where everything goes
        # An access log would hold the addresses of offers, which open them.
        access_log=False,
        server_header=False,
        date_header=True,
        # A wallet makes its key proofs between two requests, and keeps the connection meanwhile.
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_SECONDS,
        http=with_deadline(AutoHTTPProtocol),
    )
    over_tls = partial(
        config_of, ssl_certfile=str(settings.tls_cert), ssl_keyfile=str(settings.tls_key)
    )
    wallets = watching.around(_with_patients(app), "wallets")
    own = over_tls(wallets, host=settings.host, port=settings.port)
    say(f"Issuer {settings.iss} listens on {settings.host}:{settings.port} (https).")
    for_console = over_tls if settings.web_is_open else config_of
    beside = [
        *(for_console(a, host=host, port=port) for a, host, port in _console(app, watching)),
        *(config_of(a, host=host, port=port) for a, host, port in _metrics(watching, settings)),
    ]
    if beside:
        run_together(own, *beside)
    else:
        uvicorn.Server(own).run()


def _with_patients(app: FastAPI) -> FastAPI:
    """``app``, with the pages for patients."""
    from issuer.web.patient import add_pages  # noqa: PLC0415 - cold start

    add_pages(app)
    return app


def _console(app: FastAPI, watching: Watching) -> Iterator[Served]:
    """The console, where it has a port."""
    settings: Settings = app.state.issuer.settings
    if settings.web_port is None:
        return
    from issuer.service.console import open_console  # noqa: PLC0415 - cold start
    from issuer.web import create_app as create_console  # noqa: PLC0415

    pages = create_console(open_console(app.state.issuer))
    say(f"Console for staff: {settings.web_address}, on {settings.web_host}:{settings.web_port}.")
    yield watching.around(pages, "console"), settings.web_host, settings.web_port


def _metrics(watching: Watching, settings: Settings) -> Iterator[Served]:
    """The figures, where they have a port."""
    if watching.metrics is None or settings.metrics_port is None:
        return
    say(f"Figures: http://{settings.metrics_host}:{settings.metrics_port}/metrics")
    yield watching.metrics, settings.metrics_host, settings.metrics_port
