"""One offer with an Idempotency-Key, in a process of its own, killed at a step or left alone.

Run by test_idempotency.py: ``once_worker.py SETTINGS KEY SECRET WHEN``; prints what it was told.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from api_world import bundle

from healthpassport.encoding import dump_json
from issuer import service
from issuer.service import once as steps
from issuer.service.once import Made, once
from issuer.service.scopes import Caller
from issuer.settings import load

config, key, secret, when = sys.argv[1:]
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
issuer = service.open_issuer(load(Path(config)), clock=lambda: NOW, random=secrets.token_bytes)
caller = Caller("epr", frozenset(), has_token=True, secret=secret)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def work(inner):
    made = service.offer_bundle(
        inner, client="epr", bundle=dump_json(bundle()), wanted=["AllergySummary"]
    )
    return Made(201, {"offerId": made.id, "pin": made.pin})


if when == "at_the_end":
    kept = steps.rows.finish

    def finish(*args, **more):
        kept(*args, **more)
        die()

    steps.rows.finish = finish
made = once(issuer, caller, key=key, asked="POST /offers", work=work)
if when == "after":
    die()
sys.stdout.buffer.write(dump_json(made.body))
