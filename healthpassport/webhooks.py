"""Messages to another organisation's systems: signed, tried again on a timetable, checked.

Standard Webhooks 1.0.0 (docs/webhooks.md): id, time and body under HMAC-SHA256. Rules: https alone,
to hosts that the settings name; a message bears a signature of each secret while one is replaced; a
receiver refuses what is old. What is *not* here: what is told, what waits, and when it is sent.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from healthpassport.encoding import Json, b64_decode, b64_encode, b64url_encode, dump_text
from healthpassport.errors import EncodingError, ServiceError
from healthpassport.fetch import HttpRequest, HttpResponse

Random: TypeAlias = Callable[[int], bytes]

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how every secret of the standard begins
SECRET_BYTES: Final = 32
LEAST_SECRET: Final = 24  # bytes, Standard Webhooks 1.0.0 "Signature scheme"
MOST_SECRET: Final = 64
ID_BYTES: Final = 16
TIMEOUT: Final = 15.0  # seconds, "Request timeouts"
MAX_ANSWER: Final = 65_536  # bytes of an answer, which nobody reads
MAX_URL: Final = 1024
HTTPS_PORT: Final = 443
TOLERANCE: Final = timedelta(minutes=5)  # "Verifying the timestamp"

FIRST_DELAY: Final = timedelta(seconds=5)
GROWTH: Final = 3
LONGEST_DELAY: Final = timedelta(hours=2)
MAX_ATTEMPTS: Final = 16
MAX_AGE: Final = timedelta(days=1)
LEASE: Final = timedelta(minutes=1)  # for which one process has a message to itself
JITTER_BYTES: Final = 4
MAX_RETRY_AFTER: Final = 6  # digits
GONE: Final = 410
_SIGNATURE: Final = "v1,"


def new_id(random: Random) -> str:
    """A fresh ``webhook-id``."""
    return f"msg_{b64url_encode(random(ID_BYTES))}"


def new_secret(random: Random) -> str:
    """A fresh secret, as it is told to the receiver."""
    return SECRET_PREFIX + b64_encode(random(SECRET_BYTES))


def key_of(secret: str) -> bytes:
    """The octets of ``secret``.

    Raises:
        EncodingError: ``b64.not_canonical``, ``webhook.secret`` for another prefix or length.
    """
    found = b64_decode(secret.removeprefix(SECRET_PREFIX))
    if not secret.startswith(SECRET_PREFIX) or not LEAST_SECRET <= len(found) <= MOST_SECRET:
        raise EncodingError("webhook.secret")
    return found


def event_body(kind: str, data: Mapping[str, Json], *, now: datetime) -> str:
    """The body of a message: its type, its time, and what it is about."""
    moment = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    told: dict[str, Json] = {"type": kind, "timestamp": moment, "data": data}
    return dump_text(told)


def sign(message_id: str, timestamp: int, body: str, *, keys: Sequence[bytes]) -> str:
    """The header ``webhook-signature``: one ``v1`` signature for each of ``keys``.

    Standard Webhooks 1.0.0 "Signature scheme": HMAC-SHA256 over id, time and body.
    """
    signed = f"{message_id}.{timestamp}.{body}".encode()
    made = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join(f"{_SIGNATURE}{b64_encode(mac)}" for mac in made)


def signed_request(
    message_id: str, url: str, body: str, *, keys: Sequence[bytes], now: datetime, agent: str
) -> HttpRequest:
    """One attempt; its time is its own, so that a receiver can refuse what is replayed."""
    timestamp = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": agent,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message_id, timestamp, body, keys=keys),
    }
    return HttpRequest("POST", url, headers, body.encode(), MAX_ANSWER)


def is_genuine(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime
) -> bool:
    """Whether a message came from who has one of ``secrets``, and just now.

    The names of ``headers`` are lower case. Which ids came before is the receiver's to remember.

    Raises:
        EncodingError: for a secret that is none.
    """
    sent, given = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not (sent.isascii() and sent.isdigit()) or len(sent) > len(str(10**12)):
        return False
    young = abs(now.timestamp() - int(sent)) <= TOLERANCE.total_seconds()
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    wanted = [
        _SIGNATURE + b64_encode(hmac.digest(key_of(secret), signed, "sha256")) for secret in secrets
    ]
    found = [
        hmac.compare_digest(one.encode(), other.encode())
        for one in given.split()[: 2 * len(wanted) + 8]
        for other in wanted
    ]
    return young and any(found)


def require_allowed(url: str, hosts: Collection[str], *, setting: str) -> None:
    """Return only where messages may go to ``url``: https, to one of ``hosts`` (HOST:PORT).

    Whether its address lies inside the network is for the fetcher to judge, at each attempt.

    Raises:
        ServiceError: ``webhook.host``; the detail names ``setting``.
    """
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port or HTTPS_PORT}"
    except ValueError as error:
        raise ServiceError("webhook.host", "the address cannot be read") from error
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL
    if not plain or parts.scheme != "https" or "@" in parts.netloc or parts.fragment:
        raise ServiceError("webhook.host", "only https without user name or fragment")
    if host.lower() not in hosts:
        raise ServiceError("webhook.host", f"{setting} does not name the host")


def backoff(tried: int, random: Random) -> timedelta:
    """How long to wait after ``tried`` attempts: three times as long each time, half up or down."""
    part = int.from_bytes(random(JITTER_BYTES), "big") / (1 << 8 * JITTER_BYTES)
    grown: timedelta = FIRST_DELAY * GROWTH ** min(tried - 1, MAX_ATTEMPTS)
    return min(grown, LONGEST_DELAY) * (0.5 + part)


def wait_after(
    tried: int, *, since: datetime, now: datetime, answer: HttpResponse | None, random: Random
) -> timedelta | None:
    """How long to wait after a failure, the ``tried``-th; None where it is given up.

    Args:
        tried: attempts that were made, the last one included.
        since: when the message was made, or begun anew.
        now: the time.
        answer: what the receiver said, if it said anything.
        random: for the part that is chance.
    """
    wait = max(backoff(tried, random), asked_to_wait(answer))
    return None if tried >= MAX_ATTEMPTS or now + wait > since + MAX_AGE else wait


def asked_to_wait(answer: HttpResponse | None) -> timedelta:
    """What Retry-After asks for, in whole seconds and within bounds (RFC 9110 section 10.2.3)."""
    said = answer.headers.get("retry-after", "") if answer else ""
    usable = said.isascii() and said.isdigit() and len(said) <= MAX_RETRY_AFTER
    return min(timedelta(seconds=int(said)), LONGEST_DELAY) if usable else timedelta()
