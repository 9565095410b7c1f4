"""``passport-verifier vc-api``: the verifying half of the test surface, without keys."""

from __future__ import annotations

import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from healthpassport import vc_api
from healthpassport.vc_api.settings import VcApiSettings
from verifier.api.vc_api import create_app

from .output import say


def serve(*, host: str, port: int, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Serve until interrupted."""
    settings = VcApiSettings()
    settings.require()
    base_url = f"https://localhost:{port}"
    around = vc_api.surroundings(
        contexts=vc_api.read_contexts(settings.extra_contexts),
        base_url=base_url,
        clock=lambda: datetime.now(UTC),
        random=secrets.token_bytes,
    )
    with tempfile.TemporaryDirectory(prefix="vc-api-") as folder:
        made = vc_api.write_certificate(Path(folder), now=datetime.now(UTC))
        say(f"The VC-API listens on {base_url}/vc-api (a test surface).")
        uvicorn.run(
            create_app(around),
            host=host,
            port=port,
            ssl_certfile=str(tls_cert or made[0]),
            ssl_keyfile=str(tls_key or made[1]),
            log_level="warning",
            server_header=False,
            timeout_keep_alive=5,
        )
