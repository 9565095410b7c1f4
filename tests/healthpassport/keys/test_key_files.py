"""Key files and secrets: who may read them."""

from __future__ import annotations

import pytest

from healthpassport.errors import KeyMaterialError
from healthpassport.keys import generate_signer, load_signer, save_signer
from healthpassport.keys.files import group_reads, read_secret

OPEN_MODES = [0o644, 0o604, 0o660, 0o620, 0o666, 0o777, 0o601]
CLOSED_MODES = [0o600, 0o400, 0o640, 0o440]


@pytest.mark.parametrize("mode", OPEN_MODES, ids=oct)
def test_a_key_or_a_secret_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "key.pem"
    uri = save_signer(generate_signer(), path)
    path.chmod(mode)
    for opened in (lambda: load_signer(uri), lambda: read_secret(path)):
        with pytest.raises(KeyMaterialError, match=r"^key\.permissions:"):
            opened()


@pytest.mark.parametrize("mode", CLOSED_MODES, ids=oct)
def test_a_key_of_its_owner_is_read_and_a_group_is_told_of(tmp_path, mode):
    path = tmp_path / "key.pem"
    signer = generate_signer()
    uri = save_signer(signer, path)
    path.chmod(mode)
    assert load_signer(uri) == signer
    assert group_reads(path) is bool(mode & 0o040)


def test_a_secret_is_the_first_line_without_its_end(tmp_path):
    path = tmp_path / "pin"
    path.write_bytes(b"1234\r\nmore\n")
    path.chmod(0o600)
    assert read_secret(path) == b"1234"
