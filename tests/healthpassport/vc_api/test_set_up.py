"""Keys and contexts of the adapter: made for a run or kept in a folder, and nothing else read."""

from __future__ import annotations

import hashlib
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from vc_api_world import CREDENTIAL, V2, World

from healthpassport import vc_api
from healthpassport.encoding import b64_encode
from healthpassport.errors import SettingsError
from healthpassport.vc_api.contexts import shipped

URL = "https://library.example/terms/v1"
TERMS = {"@context": {"shelf": "https://library.example/terms#shelf"}}


def folder_of(path: Path, index: object, **files: object) -> Path:
    (path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    for name, content in files.items():
        (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return path


def test_one_seed_makes_the_same_issuers_and_another_others():
    first, again, other = (
        {name: issuer.did for name, issuer in vc_api.issuers(seed).items()}
        for seed in (bytes(32), bytes(32), b"\1" * 32)
    )
    assert first == again
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == len(vc_api.PROFILES)


def test_a_seed_is_kept_in_a_folder_for_its_owner_alone(tmp_path: Path):
    folder = tmp_path / "keys"
    seed = vc_api.read_seed(folder, random=lambda n: b"\7" * n)
    assert vc_api.read_seed(folder, random=lambda n: b"\x08" * n) == seed
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_folder_every_run_has_its_own_seed():
    assert vc_api.read_seed(None, random=lambda n: b"\7" * n) == b"\7" * 32


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path):
    (tmp_path / "vc-api.seed").write_bytes(b"short")
    with pytest.raises(SettingsError, match=r"vcapi\.keys"):
        vc_api.read_seed(tmp_path, random=bytes)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"vcapi\.keys"):
        vc_api.read_seed(tmp_path / "file", random=bytes)


def test_extra_contexts_are_known_beside_the_shipped_ones(tmp_path: Path):
    contexts = vc_api.read_contexts(folder_of(tmp_path, {URL: "terms.json"}, terms=TERMS))
    assert contexts.keys() == shipped().keys() | {URL}
    given = CREDENTIAL | {
        "@context": [V2, URL],
        "credentialSubject": {"shelf": "upper"},
        "relatedResource": {
            "id": URL,
            "digestSRI": "sha256-" + b64_encode(hashlib.sha256(contexts[URL]).digest()),
        },
    }
    world = World(contexts)
    issued = world.issuers.issue("eddsa-rdfc-2022", {"credential": given})
    assert issued.status == 201, issued.body
    assert world.verify(issued.body["verifiableCredential"]).status == 200


def test_a_folder_does_not_change_a_shipped_context(tmp_path: Path):
    contexts = vc_api.read_contexts(folder_of(tmp_path, {V2: "v2.json"}, v2=TERMS))
    assert contexts == shipped()


@pytest.mark.parametrize(
    "index",
    [
        [],
        "text",
        {URL: 7},
        {URL: "missing.json"},
        {URL: "../index.json"},
        {URL: "/etc/hostname"},
        {URL: "no.json"},
        {f"{URL}/{number}": "terms.json" for number in range(501)},
    ],
    ids=range(8),
)
def test_a_folder_of_contexts_in_another_shape_is_refused(tmp_path: Path, index: object):
    with pytest.raises(SettingsError, match=r"vcapi\.contexts"):
        vc_api.read_contexts(folder_of(tmp_path, index, terms=TERMS, no=[]))


def test_a_folder_without_an_index_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"vcapi\.contexts"):
        vc_api.read_contexts(tmp_path)


def test_a_certificate_for_this_machine_is_made_for_one_run(tmp_path: Path):
    now = datetime.now(UTC)
    certificate, key = vc_api.write_certificate(tmp_path, now=now)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    from cryptography import x509  # noqa: PLC0415

    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert read.not_valid_after_utc - now <= timedelta(days=1)
