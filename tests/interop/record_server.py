"""A record system of other people's packages (``records``), started for the time of a block."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interop.third_party import installed, program

from demo.tls import TlsFiles, make_tls_files

SOURCE = Path(__file__).parent / "records"


@contextmanager
def started(cache: Any, home: Path, **setup: Any) -> Iterator[tuple[int, TlsFiles]]:
    """Its port and its certificates.

    ``setup``: ``kinds`` of resources, the client's ``jwks`` and ``client`` id, the ``people`` it
    has, and ``resources`` of theirs, in which ``Patient/@0`` is the first of them.
    """
    folder = installed(cache.mkdir("third-party-records"), SOURCE)
    tls = make_tls_files(home / "tls", now=datetime.now(UTC))
    people = [{n: v for n, v in one.items() if n != "id"} for one in setup.pop("people")]
    (home / "setup.json").write_text(json.dumps({**setup, "people": people}))
    server = subprocess.Popen(
        [program("node"), "server.mjs"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "RECORDS_SETUP": str(home / "setup.json"),
            "RECORDS_CERT": str(tls.certificate),
            "RECORDS_KEY": str(tls.key),
        },
    )
    try:
        port = server.stdout.readline().strip()
        assert port, server.stderr.read().decode()
        yield int(port), tls
    finally:
        server.terminate()
        server.communicate(timeout=120)
