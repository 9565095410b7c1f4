from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from simulated_trust import NOW, URL, SimulatedRepository
from tuf.api.metadata import Metadata, Snapshot, Targets

from healthpassport.errors import FetchError, PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.refresh import update_trust_list
from healthpassport.trust.reading import read_trust_list


@pytest.fixture
def repository() -> SimulatedRepository:
    return SimulatedRepository()


def update(folder, repository, **changes):
    arguments = {"url": URL, "root": repository.pinned, "fetcher": repository, "now": NOW}
    return update_trust_list(folder, **{**arguments, **changes})


def refusal(folder, repository, **changes) -> str:
    with pytest.raises(PassportError) as caught:
        update(folder, repository, **changes)
    return caught.value.code


def test_an_update_brings_the_newest_list(tmp_path, repository):
    assert update(tmp_path, repository).trust_list.version == 1
    repository.publish(2)
    view = update(tmp_path, repository)
    assert (view.trust_list.version, view.age, view.stale) == (2, timedelta(), False)


def test_an_update_without_change_fetches_little_and_renews_the_age(tmp_path, repository):
    update(tmp_path, repository)
    repository.requests.clear()
    update(tmp_path, repository, now=NOW + timedelta(days=2))
    assert repository.requests == ["metadata/2.root.json", "metadata/timestamp.json"]
    later = NOW + timedelta(days=3)
    view = read_trust_list(tmp_path, root=repository.pinned, now=later, max_age=timedelta(days=7))
    assert view.age == timedelta(days=1)


def test_a_follower_who_was_away_goes_through_every_root(tmp_path, repository):
    update(tmp_path, repository)
    for _ in range(5):
        repository.rotate("targets", "timestamp")
    repository.publish(2)
    assert update(tmp_path, repository).trust_list.version == 2


def test_a_slash_at_the_end_of_the_address_does_not_matter(tmp_path, repository):
    assert update(tmp_path, repository, url=URL + "/").trust_list.version == 1


def test_working_folders_of_killed_updates_are_swept(tmp_path, repository):
    left, fresh = tmp_path / ".update-old", tmp_path / ".update-new"
    for folder in (left, fresh):
        folder.mkdir()
    hours_ago = time.time() - 7200
    os.utime(left, (hours_ago, hours_ago))
    update(tmp_path, repository)
    assert not left.exists()
    assert fresh.exists()


def test_a_server_without_the_list_is_said_to_be_so(tmp_path, repository):
    del repository.files["metadata/timestamp.json"]
    assert refusal(tmp_path, repository) == "net.response"


def test_a_server_that_cannot_be_reached_leaves_the_copy(tmp_path, repository):
    class Away:
        def fetch(self, request):
            raise FetchError("net.unreachable")

    update(tmp_path, repository)
    assert refusal(tmp_path, repository, fetcher=Away()) == "net.unreachable"
    view = read_trust_list(tmp_path, root=repository.pinned, now=NOW, max_age=timedelta(days=7))
    assert view.trust_list.version == 1


def test_a_list_that_was_swapped_on_the_server_is_refused(tmp_path, repository):
    name = next(name for name in repository.files if name.startswith("targets/"))
    repository.files[name] = repository.files[name].replace(b"Surgery", b"Burgery")
    assert refusal(tmp_path, repository) == "trust.signature"


def test_a_snapshot_that_forgets_what_it_named_is_refused(tmp_path, repository):
    repository.publish(2)
    update(tmp_path, repository)
    repository.publish(3)
    snapshot = Metadata[Snapshot].from_bytes(repository.files["metadata/3.snapshot.json"])
    snapshot.signed.meta = {}
    snapshot.sign(repository.signers["snapshot"])
    repository.files["metadata/3.snapshot.json"] = snapshot.to_bytes()
    assert refusal(tmp_path, repository) == "trust.signature"


@pytest.mark.parametrize("role", [Snapshot, Targets])
def test_a_file_of_another_version_than_named_is_refused(tmp_path, repository, role):
    repository.publish(2)
    data = repository.files[f"metadata/1.{role.type}.json"]
    repository.files[f"metadata/2.{role.type}.json"] = data
    assert refusal(tmp_path, repository) == "trust.signature"


@pytest.mark.parametrize("status", [301, 403, 500])
def test_an_error_in_place_of_the_next_root(tmp_path, repository, status):
    class Broken:
        def fetch(self, request):
            if request.url.endswith("2.root.json"):
                return HttpResponse(status, {}, b"")
            return repository.fetch(request)

    if status == 403:  # as good as not found: the root held is the newest
        assert update(tmp_path, repository, fetcher=Broken()).trust_list.version == 1
    else:
        assert refusal(tmp_path, repository, fetcher=Broken()) == "net.response"


def test_what_is_no_root_cannot_be_pinned(tmp_path, repository):
    assert refusal(tmp_path, repository, root=b"x") == "trust.invalid"


def test_a_full_disk_leaves_the_copy(tmp_path, repository, monkeypatch):
    update(tmp_path, repository)
    repository.publish(2)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("healthpassport.trust.cache.os.fsync", full)
        assert refusal(tmp_path, repository) == "trust.storage"
    view = read_trust_list(tmp_path, root=repository.pinned, now=NOW, max_age=timedelta(days=7))
    assert view.trust_list.version == 1


def test_a_folder_that_is_a_file_is_refused(tmp_path, repository):
    (tmp_path / "file").write_bytes(b"")
    assert refusal(tmp_path / "file", repository) == "trust.storage"
