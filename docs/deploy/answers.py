# ruff: noqa: INP001 - a script that is copied into the image, in no package
"""Whether a server on this machine answers: exit code 0, else 1. For containers without curl.

    python answers.py PORT PATH [http]

The certificate is not checked, since it is for the name that wallets use and not for loopback. A
worker answers in plain http, at the port of its figures.
What is *not* here: what the answer says beyond its status.
"""

from __future__ import annotations

import http.client
import ssl
import sys
from typing import Final

SECONDS: Final = 4.0
OK: Final = 200


def answers(port: int, path: str, *, plain: bool = False) -> bool:
    """Whether GET ``path`` on loopback over https, or plain http, gives 200."""
    server = _plain(port) if plain else _secure(port)
    try:
        server.request("GET", path)
        return server.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


def _plain(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)


def _secure(port: int) -> http.client.HTTPConnection:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=context)


if __name__ == "__main__":
    sys.exit(not answers(int(sys.argv[1]), sys.argv[2], plain=sys.argv[3:] == ["http"]))
