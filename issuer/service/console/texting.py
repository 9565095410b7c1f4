"""Sending a PIN or a link by text through a service of the organisation; nothing is pretended.

Rules: one POST a text; the number and the words go to the address of the settings alone and are
kept nowhere; a service that does not answer with 2xx has sent nothing, and staff are told so. What
is *not* here: which of the two may go by text (``channels``); docs/console.md has the requests.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime
from enum import StrEnum
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_json
from healthpassport.errors import FetchError, ServiceError, SettingsError
from healthpassport.fetch import Fetcher, HttpRequest
from healthpassport.languages import Words, msg
from issuer.settings import Settings

# The name of a key, the service's id and the secret, as GOV.UK Notify's documentation has it.
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NOTIFY_KEY: Final = re.compile(rf".+-({_UUID})-({_UUID})\Z", re.ASCII)


class Part(StrEnum):
    """What a text carries: one of the two halves, and never both."""

    PIN = "pin"
    LINK = "link"


WORDS: Final = {
    Part.PIN: msg("Your health record PIN is %(pin)s. Do not tell it to other people."),
    Part.LINK: msg(
        "Your health record is ready. Open this link on your phone. You get the PIN another way."
        " %(link)s"
    ),
}


def send_text(
    settings: Settings,
    fetcher: Fetcher,
    *,
    number: str,
    part: Part,
    value: str,
    say: Words,
    now: datetime,
) -> None:
    """Send the PIN or the link, ``value``, to ``number`` (E.164).

    Raises:
        ServiceError: ``console.text_failed``.
        SettingsError: ``console.setup``.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    body: Json
    if settings.web_text_service == "govuk-notify":
        headers["Authorization"] = f"Bearer {_notify_token(_key(settings), now)}"
        template = (
            settings.web_text_pin_template if part is Part.PIN else settings.web_text_link_template
        )
        said = {part.value: value}
        body = {"phone_number": number, "template_id": template, "personalisation": said}
    else:
        if settings.web_text_key_file is not None:
            headers["Authorization"] = f"Bearer {_key(settings)}"
        body = {"to": number, "text": say(WORDS[part], **{part.value: value})}
    request = HttpRequest("POST", settings.web_text_url, headers, body=dump_json(body))
    try:
        response = fetcher.fetch(request)
    except FetchError as error:
        raise ServiceError("console.text_failed", error.code) from error
    if not 200 <= response.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
        raise ServiceError("console.text_failed", f"it answered {response.status}")


def _notify_token(key: str, now: datetime) -> str:
    """A JWT (HS256) of this moment: ``iss`` is the service, ``iat`` within 30 seconds of theirs."""
    found = _NOTIFY_KEY.match(key)
    if found is None:
        raise SettingsError("console.setup", "the key for texts is no API key of GOV.UK Notify")
    header = {"typ": "JWT", "alg": "HS256"}
    claims = {"iss": found[1], "iat": int(now.timestamp())}
    signed = ".".join(b64url_encode(dump_json(one)) for one in (header, claims))
    signature = hmac.digest(found[2].encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{b64url_encode(signature)}"


def _key(settings: Settings) -> str:
    try:
        data = (
            b"" if settings.web_text_key_file is None else settings.web_text_key_file.read_bytes()
        )
    except OSError as error:
        raise SettingsError("console.setup", "the key for texts cannot be read") from error
    return data.decode("utf-8", "replace").strip()
