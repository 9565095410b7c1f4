"""``passport-issuer serve``: the issuer over https."""

from __future__ import annotations

from .opening import Config, say


def serve(config: Config = None) -> None:
    """Serve wallets, practices and desks over https until interrupted."""
    import uvicorn  # noqa: PLC0415 - a second that only serving needs

    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.vc_api.settings import VcApiSettings  # noqa: PLC0415
    from issuer.api import create_app  # noqa: PLC0415
    from issuer.settings import load, tls_problem  # noqa: PLC0415

    VcApiSettings().refuse_beside_real_keys()
    settings = load(config)
    if (problem := tls_problem(settings)) is not None:
        raise SettingsError("issuer.settings", problem)
    app = create_app(settings)
    say(f"Issuer {settings.iss} listens on {settings.host}:{settings.port} (https).")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=str(settings.tls_cert),
        ssl_keyfile=str(settings.tls_key),
        log_level=settings.log_level,
        # An access log would hold the addresses of offers, which open them.
        access_log=False,
        server_header=False,
        date_header=True,
        # A wallet makes its key proofs between two requests, and keeps the connection meanwhile.
        timeout_keep_alive=15,
    )
