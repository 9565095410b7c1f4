"""An authority with cheap keys, and the folder it publishes as a server gives it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from authority.service import Authority, Passphrases
from authority.settings import KDF_FLOOR
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.keys import generate_signer
from healthpassport.refresh import update_trust_list
from healthpassport.trust.reading import read_trust_list

NOW = datetime.now(UTC).replace(microsecond=0)
PASSPHRASE = b"correct horse battery"
WEEK = timedelta(days=7)
URL = "https://authority.example"
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


def followed(authority: Authority, tmp_path, *, now=NOW):
    """The list that ``authority`` publishes, as a desk follows and reads it."""
    out = tmp_path / "www"
    authority.publish(out, now=now)
    root = authority.bootstrap_root
    update_trust_list(tmp_path / "copy", url=URL, root=root, fetcher=Served(out), now=now)
    return read_trust_list(tmp_path / "copy", root=root, now=now, max_age=WEEK).trust_list


def refused(code: str, act, *arguments, **named) -> None:
    with pytest.raises(PassportError) as caught:
        act(*arguments, **named)
    assert caught.value.code == code
