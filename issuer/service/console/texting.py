"""Sending a PIN by text through a service of the practice: one POST, and nothing pretended.

Rules: the number and the words go to the address of the settings alone and are kept nowhere; a
service that does not answer with 2xx has sent nothing, and staff are told so. What is *not* here:
any one service; docs/console.md has the form of the request.
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import dump_json
from healthpassport.errors import FetchError, ServiceError, SettingsError
from healthpassport.fetch import Fetcher, HttpRequest
from healthpassport.languages import Words, msg
from issuer.settings import Settings

TEXT: Final = msg("Your health record PIN is %(pin)s. Do not tell it to other people.")


def send_text(settings: Settings, fetcher: Fetcher, *, number: str, pin: str, say: Words) -> None:
    """Send ``pin`` to ``number``.

    Raises:
        ServiceError: ``console.text_failed``.
        SettingsError: ``console.setup``.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if settings.web_text_key_file is not None:
        headers["Authorization"] = f"Bearer {_key(settings)}"
    body = dump_json({"to": number, "text": say(TEXT, pin=pin)})
    request = HttpRequest("POST", settings.web_text_url, headers, body=body)
    try:
        response = fetcher.fetch(request)
    except FetchError as error:
        raise ServiceError("console.text_failed", error.code) from error
    if not 200 <= response.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
        raise ServiceError("console.text_failed", f"it answered {response.status}")


def _key(settings: Settings) -> str:
    try:
        data = (
            b"" if settings.web_text_key_file is None else settings.web_text_key_file.read_bytes()
        )
    except OSError as error:
        raise SettingsError("console.setup", "the key for texts cannot be read") from error
    return data.decode("utf-8", "replace").strip()
