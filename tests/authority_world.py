"""An authority with cheap keys, and the folder it publishes as a server gives it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from authority.service import Authority, Passphrases
from authority.settings import KDF_FLOOR
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.keys import generate_signer

NOW = datetime.now(UTC).replace(microsecond=0)
PASSPHRASE = b"correct horse battery"
WEEK = timedelta(days=7)
ISSUER = {
    "iss": "https://issuer.example",
    "ods": "A12345",
    "name": "Example Surgery",
    "record_types": ["AllergySummary", "PatientIdentity"],
    "status_lists": ["https://issuer.example/status/1"],
}
VERIFIER = {"ods": "RX123", "name": "Example Hospital", "host": "desk.example"}


class Served:
    """The published folder as a web server gives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, request: HttpRequest) -> HttpResponse:
        path = self.folder / urlsplit(request.url).path.lstrip("/")
        if not path.is_file():
            return HttpResponse(404, {}, b"")
        return HttpResponse(200, {}, path.read_bytes())


def made(folder: Path) -> Authority:
    authority = Authority(folder, Passphrases.same(PASSPHRASE), kdf_cost=KDF_FLOOR)
    authority.init(name="Example Authority", now=NOW)
    return authority


def jwk() -> dict:
    return generate_signer().public_key.jwk()
