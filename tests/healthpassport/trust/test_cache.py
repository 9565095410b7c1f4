from __future__ import annotations

from datetime import UTC, datetime

import pytest

from healthpassport.errors import TrustError
from healthpassport.trust import cache
from healthpassport.trust.cache import CachedFiles, read_cache, replace_file, write_cache

AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_what_was_written_is_read(tmp_path):
    write_cache(tmp_path, CachedFiles({"a": b"\x00\xff"}, AT))
    assert read_cache(tmp_path) == CachedFiles({"a": b"\x00\xff"}, AT)


def test_an_empty_folder_has_no_list(tmp_path):
    with pytest.raises(TrustError) as caught:
        read_cache(tmp_path)
    assert caught.value.code == "trust.missing"


def test_a_date_beyond_the_calendar_is_refused(tmp_path):
    (tmp_path / cache.CACHE_FILE).write_text('{"files": {}, "updatedAt": 9007199254740991}')
    with pytest.raises(TrustError) as caught:
        read_cache(tmp_path)
    assert caught.value.code == "trust.signature"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace_file(path, b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_can_be_for_its_owner_alone(tmp_path):
    replace_file(tmp_path / "key", b"x", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_copy_that_cannot_be_read_is_said_to_be_so(tmp_path):
    (tmp_path / cache.CACHE_FILE).mkdir()
    with pytest.raises(TrustError) as caught:
        read_cache(tmp_path)
    assert caught.value.code == "trust.storage"
