# ruff: noqa: INP001 - a script that is copied into the image, in no package
"""Whether a server on this machine answers: exit code 0, else 1. For containers without curl.

    python answers.py PORT PATH

The certificate is not checked, since it is for the name that wallets use and not for loopback.
What is *not* here: what the answer says beyond its status.
"""

from __future__ import annotations

import http.client
import ssl
import sys
from typing import Final

SECONDS: Final = 4.0
OK: Final = 200


def answers(port: int, path: str) -> bool:
    """Whether GET ``path`` on loopback over https gives 200."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    server = http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=context)
    try:
        server.request("GET", path)
        return server.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(not answers(int(sys.argv[1]), sys.argv[2]))
