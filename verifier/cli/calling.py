"""Commands that call a running desk with an API key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError, SettingsError, catalogue
from healthpassport.fetch import TIMEOUT_SECONDS, HttpRequest, HttpsFetcher

from .output import data, document, say, settings
from .report import print_result

HTTP_ERROR: Final = 400


def create(template: str, *, as_json: bool) -> None:
    """Open a request."""
    made = call("POST", "/requests", {"template": template})
    if as_json:
        document({name: value for name, value in made.items() if name != "qr_svg"})
        return
    data(f"{made['link']}")
    say(f"Code {made['short_code']}, open until {made['expires']}.")
    say(f"Next: passport-verifier request show {made['id']}")


def show(request_id: str, *, as_json: bool) -> None:
    """Show a request."""
    seen = call("GET", f"/requests/{request_id}", None)
    if as_json:
        document(seen)
        return
    data(f"state: {seen['state']}")
    result, problem = seen["result"], seen["problem"]
    if isinstance(result, Mapping):
        print_result(result)
    if isinstance(problem, Mapping):
        say(f"{problem['code']}: {problem['title'] or ''}")


def fhir(request_id: str, *, presentation: bool) -> None:
    """Print a result as FHIR."""
    more = "?presentation=true" if presentation else ""
    document(call("GET", f"/requests/{request_id}/fhir{more}", None))


def call(
    method: str, path: str, body: Json, *, timeout: float = TIMEOUT_SECONDS
) -> dict[str, Json]:
    """Call the running desk with this machine's API key; ``timeout`` in seconds."""
    own = settings()
    if own.api_key_file is None:
        raise SettingsError("verifier.setup", "PASSPORT_VERIFIER_API_KEY_FILE is not set")
    try:
        secret = own.api_key_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError("verifier.setup", "cannot read the API key") from error
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    fetcher = HttpsFetcher(
        ca_file=own.ca_file,
        allowed_private_hosts=frozenset(own.allowed_private_hosts),
        timeout=timeout,
    )
    sent = None if body is None else dump_json(body)
    response = fetcher.fetch(HttpRequest(method, own.public_url + path, headers, sent))
    found = parse_json_object(response.body)
    if response.status >= HTTP_ERROR:
        code = found.get("code")
        known = isinstance(code, str) and code in catalogue()
        detail = str(found.get("detail", ""))[:200]
        raise ServiceError(str(code) if known else "http.invalid", detail)
    return found
