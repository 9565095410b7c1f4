"""``passport-issuer serve``: the issuer over https."""

from __future__ import annotations

import signal
import sys
from functools import partial
from typing import Final

from .memory import no_memory_images
from .opening import Config, say

CONSOLE_HOST: Final = "127.0.0.1"  # never anything but this machine
GRACE_SECONDS: Final = 10  # for what is under way when the process is told to stop


def serve(config: Config = None) -> None:
    """Serve wallets, practices and desks over https, and the console where it has a port."""
    import uvicorn  # noqa: PLC0415 - a second that only serving needs
    from uvicorn.protocols.http.auto import AutoHTTPProtocol  # noqa: PLC0415

    from healthpassport.deadlines import with_deadline  # noqa: PLC0415
    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.vc_api.settings import VcApiSettings  # noqa: PLC0415
    from issuer.api import create_app  # noqa: PLC0415
    from issuer.settings import load, tls_problem  # noqa: PLC0415

    from .logs import log_to_stderr  # noqa: PLC0415
    from .together import run_together  # noqa: PLC0415
    from .watched import watched  # noqa: PLC0415

    no_memory_images()
    VcApiSettings().refuse_beside_real_keys()
    settings = load(config)
    if (problem := tls_problem(settings)) is not None:
        raise SettingsError("issuer.settings", problem)
    log_to_stderr(settings.log_level)
    app = create_app(settings)
    if settings.signs_in_patients:
        from issuer.web.patient import add_pages  # noqa: PLC0415 - cold start

        add_pages(app)
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
    own = config_of(
        watched(app, "wallets"),
        host=settings.host,
        port=settings.port,
        ssl_certfile=str(settings.tls_cert),
        ssl_keyfile=str(settings.tls_key),
    )
    say(f"Issuer {settings.iss} listens on {settings.host}:{settings.port} (https).")
    if settings.web_port is None:
        uvicorn.Server(own).run()
        return
    from issuer.service.console import open_console  # noqa: PLC0415
    from issuer.web import create_app as create_console  # noqa: PLC0415

    pages = create_console(open_console(app.state.issuer))
    say(f"Console for staff: {settings.web_address}, on {CONSOLE_HOST}:{settings.web_port}.")
    staff = config_of(watched(pages, "console"), host=CONSOLE_HOST, port=settings.web_port)
    run_together(own, staff)
