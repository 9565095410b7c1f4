"""``passport-issuer vc-api``: the test surface for third-party suites, with keys of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import say


def vc_api(
    host: Annotated[
        str, typer.Option(help="Address to listen on; it asks nobody who they are.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8490,
    keys: Annotated[
        Path | None,
        typer.Option(help="Folder to keep the keys of this command in; without it, new ones."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate; without it, one is made for this run.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of the certificate.")] = None,
) -> None:
    """Serve the VC-API for test suites (PASSPORT_VC_API=1): issue, verify, derive, status lists."""
    import secrets  # noqa: PLC0415 - cold start
    import tempfile  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    import uvicorn  # noqa: PLC0415

    from healthpassport import vc_api as adapter  # noqa: PLC0415
    from healthpassport.vc_api.settings import VcApiSettings  # noqa: PLC0415
    from issuer.api.vc_api import create_app  # noqa: PLC0415

    settings = VcApiSettings()
    settings.require()
    base_url = f"https://localhost:{port}"
    around = adapter.surroundings(
        contexts=adapter.read_contexts(settings.extra_contexts),
        base_url=base_url,
        clock=lambda: datetime.now(UTC),
        random=secrets.token_bytes,
    )
    seed = adapter.read_seed(keys, random=secrets.token_bytes)
    app = create_app(adapter.Issuers(adapter.issuers(seed), around))
    with tempfile.TemporaryDirectory(prefix="vc-api-") as folder:
        made = adapter.write_certificate(Path(folder), now=datetime.now(UTC))
        say(f"The VC-API listens on {base_url}/vc-api (a test surface, keys of its own).")
        uvicorn.run(
            app,
            host=host,
            port=port,
            ssl_certfile=str(tls_cert or made[0]),
            ssl_keyfile=str(tls_key or made[1]),
            log_level="warning",
            server_header=False,
            timeout_keep_alive=5,
        )
