from __future__ import annotations

import shutil

import pytest
from authority_world import PASSPHRASE, made

from authority.service import Authority, Passphrases
from authority.settings import KDF_FLOOR


@pytest.fixture(scope="session")
def first_authority(tmp_path_factory) -> Authority:
    return made(tmp_path_factory.mktemp("first") / "authority")


@pytest.fixture
def authority(first_authority, tmp_path) -> Authority:
    """A fresh authority: a copy, since sealing eight keys takes its time by design."""
    folder = tmp_path / "authority"
    shutil.copytree(first_authority.folder, folder)
    copied = Authority(folder, Passphrases.same(PASSPHRASE), kdf_cost=KDF_FLOOR)
    copied._keys._opened.update(first_authority._keys._opened)
    return copied
