"""The receiving side of webhooks in tests: what an integrator writes from the docs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from healthpassport.errors import FetchError
from healthpassport.fetch import HttpRequest, HttpResponse


def genuine(secret: str, headers: dict[str, str], body: bytes, *, now: float) -> bool:
    """The example of docs/webhooks.md."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    young = abs(now - int(headers["webhook-timestamp"])) <= 300
    given = headers["webhook-signature"].split()
    return young and any(hmac.compare_digest(f"v1,{wanted}", one) for one in given)


@dataclass
class Receiver:
    """Answers with what ``answers`` says, in turn; the last one stays."""

    answers: list[int | str | HttpResponse] = field(default_factory=lambda: [204])
    got: list[HttpRequest] = field(default_factory=list)
    on_fetch: Callable[[], None] = lambda: None

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.got.append(request)
        self.on_fetch()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise FetchError(answer)
        return answer if isinstance(answer, HttpResponse) else HttpResponse(answer, {}, b"")

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(request.body or b"") for request in self.got]

    @property
    def states(self) -> list[str]:
        return [one["data"]["state"] for one in self.told]
