"""The credentials of the Data Integrity specifications' published examples conform to the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from shared_inputs import shared

from healthpassport.errors import CredentialError
from healthpassport.formats.vcdm import MODEL_2, check_credential

SUITES = ("vc-di-eddsa", "vc-di-ecdsa", "vc-di-bbs")


def documents(suite: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every whole credential of the model 2.0 below the folder of ``suite``."""
    folder = shared("vectors", suite)
    for path in sorted(folder.rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document, dict) and {"type", "credentialSubject"} <= document.keys():
            yield str(path.relative_to(folder)), document


@pytest.mark.shared
@pytest.mark.parametrize("suite", SUITES)
def test_published_credentials_conform(suite: str):
    read = 0
    for name, document in documents(suite):
        if MODEL_2.context in document["@context"]:
            found = check_credential(document, now=None)
            assert found.version == "2.0", name
            assert bool(found.proofs) == ("proof" in document), name
            read += 1
    assert read >= 3


@pytest.mark.shared
@pytest.mark.parametrize("suite", SUITES)
def test_published_credentials_without_one_of_their_parts_do_not(suite: str):
    for name, document in documents(suite):
        for member in ("@context", "type", "issuer", "credentialSubject"):
            if member in document:
                rest = {key: value for key, value in document.items() if key != member}
                with pytest.raises(CredentialError, match=r"vcdm\."):
                    check_credential(rest, now=None)
                assert name
