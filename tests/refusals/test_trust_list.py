"""The attacks on the trust list, each against the real updater and reader."""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from simulated_trust import (
    ISS,
    NOW,
    URL,
    SimulatedRepository,
    encoded,
    wire_issuer,
    wire_key,
    wire_list,
)
from tuf.api.metadata import Metadata, Timestamp

from healthpassport.errors import FetchError, PassportError, TrustError
from healthpassport.keys import generate_signer
from healthpassport.refresh import update_trust_list
from healthpassport.trust.cache import CACHE_FILE
from healthpassport.trust.model import TrustedKey, TrustList, TrustView
from healthpassport.trust.reading import read_trust_list

WEEK = timedelta(days=7)


@pytest.fixture
def repository() -> SimulatedRepository:
    return SimulatedRepository()


def update(folder: Path, repository: SimulatedRepository, **changes) -> TrustView:
    arguments = {"url": URL, "root": repository.pinned, "fetcher": repository, "now": NOW}
    return update_trust_list(folder, **{**arguments, **changes})


def read(folder: Path, repository: SimulatedRepository, *, now=NOW) -> TrustView:
    return read_trust_list(folder, root=repository.pinned, now=now, max_age=WEEK)


def refusal(folder: Path, repository: SimulatedRepository, **changes) -> str:
    with pytest.raises(PassportError) as caught:
        update(folder, repository, **changes)
    return caught.value.code


def test_tru_001_an_older_list_is_refused_and_the_newer_stays(tmp_path, repository):
    repository.publish(2)
    update(tmp_path, repository)
    repository.publish(1)
    assert refusal(tmp_path, repository) == "trust.rollback"
    assert read(tmp_path, repository).trust_list.version == 2


def test_tru_001_a_newer_timestamp_may_not_name_an_older_snapshot(tmp_path, repository):
    repository.publish(5)
    update(tmp_path, repository)
    older = dict(repository.files)
    repository.publish(4)
    stamp = Metadata[Timestamp].from_bytes(repository.files["metadata/timestamp.json"])
    stamp.signed.version = 6
    stamp.sign(repository.signers["timestamp"])
    repository.files = older | {"metadata/timestamp.json": stamp.to_bytes()}
    assert refusal(tmp_path, repository) == "trust.rollback"


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_tru_002_expired_metadata_is_refused_at_update(tmp_path, repository, role):
    repository.publish(2, expires={role: timedelta(seconds=-1)})
    assert refusal(tmp_path, repository) == "trust.expired"
    with pytest.raises(TrustError) as caught:
        read(tmp_path, repository)
    assert caught.value.code == "trust.missing"


def test_tru_002_an_expired_root_is_refused_at_update(tmp_path, repository):
    root = repository.make_root(2, expires=timedelta(seconds=-1))
    repository.files["metadata/2.root.json"] = repository.sign_root(root, repository.roots)
    assert refusal(tmp_path, repository) == "trust.expired"


def test_tru_002_the_given_time_counts_also_where_the_system_clock_is_behind(tmp_path, repository):
    assert refusal(tmp_path, repository, now=NOW + timedelta(days=40)) == "trust.expired"


def test_tru_002_a_cached_copy_that_expired_is_aged_and_then_stale(tmp_path, repository):
    update(tmp_path, repository)
    after = NOW + timedelta(days=6)
    assert not read(tmp_path, repository, now=after).stale
    view = read(tmp_path, repository, now=NOW + timedelta(days=200))
    assert view.stale
    assert view.age == timedelta(days=200)


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_tru_003_an_unknown_key_signs(tmp_path, repository, role):
    repository.publish(2, signers={role: CryptoSigner.generate_ed25519()})
    assert refusal(tmp_path, repository) == "trust.signature"


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_tru_003_a_key_signs_that_a_new_root_has_revoked(tmp_path, repository, role):
    update(tmp_path, repository)
    revoked = repository.signers[role]
    repository.rotate(role)
    repository.publish(2, signers={role: revoked})
    assert refusal(tmp_path, repository) == "trust.signature"


def test_tru_003_a_revoked_root_key_signs_the_next_root(tmp_path, repository):
    revoked = repository.roots[:2]
    repository.roots = [CryptoSigner.generate_ed25519() for _ in range(3)]
    second = repository.sign_root(repository.make_root(2), [*revoked, *repository.roots])
    repository.files["metadata/2.root.json"] = second
    repository.publish(2)
    update(tmp_path, repository)
    third = repository.sign_root(repository.make_root(3), revoked)
    repository.files["metadata/3.root.json"] = third
    assert refusal(tmp_path, repository) == "trust.signature"


def test_tru_004_one_of_two_signatures_is_too_few(tmp_path, repository):
    two = CryptoSigner.generate_ed25519()
    root = repository.make_root(2)
    root.add_key(two.public_key, "targets")
    root.roles["targets"].threshold = 2
    repository.files["metadata/2.root.json"] = repository.sign_root(root, repository.roots)
    repository.publish(2)
    assert refusal(tmp_path, repository) == "trust.threshold"


def test_tru_004_one_root_key_is_too_few(tmp_path, repository):
    data = repository.sign_root(repository.make_root(2), repository.roots[:1])
    repository.files["metadata/2.root.json"] = data
    assert refusal(tmp_path, repository) == "trust.threshold"


@pytest.mark.parametrize("name", ["metadata/2.root.json", "metadata/timestamp.json"])
def test_tru_004_the_same_key_signs_twice(tmp_path, repository, name):
    root = repository.sign_root(repository.make_root(2), repository.roots[:1])
    repository.files["metadata/2.root.json"] = root
    if name != "metadata/2.root.json":
        repository.rotate()
    metadata = json.loads(repository.files[name])
    metadata["signatures"].append(metadata["signatures"][0])
    repository.files[name] = encoded(metadata)
    assert refusal(tmp_path, repository) == "trust.threshold"


def test_tru_005_a_root_version_is_skipped(tmp_path, repository):
    third = repository.sign_root(repository.make_root(3), repository.roots)
    repository.files["metadata/2.root.json"] = third
    assert refusal(tmp_path, repository) == "trust.root_chain"


def test_tru_005_the_new_root_is_not_signed_by_the_old_one(tmp_path, repository):
    repository.roots = [CryptoSigner.generate_ed25519() for _ in range(3)]
    data = repository.sign_root(repository.make_root(2), repository.roots)
    repository.files["metadata/2.root.json"] = data
    assert refusal(tmp_path, repository) == "trust.root_chain"


def test_tru_005_one_old_root_key_is_too_few_for_the_new_root(tmp_path, repository):
    kept = repository.roots[0]
    repository.roots = [CryptoSigner.generate_ed25519() for _ in range(3)]
    data = repository.sign_root(repository.make_root(2), [kept, *repository.roots])
    repository.files["metadata/2.root.json"] = data
    assert refusal(tmp_path, repository) == "trust.threshold"


def test_tru_005_another_authority_is_not_followed(tmp_path, repository):
    update(tmp_path, repository)
    other = SimulatedRepository()
    with pytest.raises(TrustError) as caught:
        read(tmp_path, other)
    assert caught.value.code in {"trust.signature", "trust.root_chain"}


def test_tru_006_a_fast_forward_is_survived_by_rotating_keys(tmp_path, repository):
    repository.publish(2**63 - 1)
    update(tmp_path, repository)
    repository.rotate("targets", "snapshot", "timestamp")
    repository.publish(2)
    assert update(tmp_path, repository).trust_list.version == 2
    assert read(tmp_path, repository).trust_list.version == 2


def test_tru_008_an_issuer_that_is_not_on_the_list(repository):
    trust_list = TrustList.parse(repository.trust_list())
    key = trust_list.issuers[0].keys[0].thumbprint
    with pytest.raises(TrustError) as caught:
        trust_list.issuer_key(
            iss=ISS + "/other", thumbprint=key, record_type="AllergySummary", at=NOW
        )
    assert caught.value.code == "trust.issuer_unknown"


def test_tru_009_an_issuer_that_may_not_sign_this_type(repository):
    trust_list = TrustList.parse(repository.trust_list())
    key = trust_list.issuers[0].keys[0].thumbprint
    with pytest.raises(TrustError) as caught:
        trust_list.issuer_key(iss=ISS, thumbprint=key, record_type="ProblemSummary", at=NOW)
    assert caught.value.code == "trust.issuer_not_authorised"


def test_tru_011_endless_metadata_is_refused(tmp_path, repository):
    repository.files["metadata/timestamp.json"] = b"{" * 600_000
    assert refusal(tmp_path, repository) == "limit.fetch"


def test_tru_011_a_list_longer_than_signed_for_is_refused(tmp_path, repository):
    name = next(name for name in repository.files if name.startswith("targets/"))
    repository.files[name] += b" "
    assert refusal(tmp_path, repository) == "limit.fetch"


def test_tru_011_what_the_fetcher_refuses_stops_the_update(tmp_path, repository):
    class Dripping:
        def fetch(self, request):
            raise FetchError("limit.fetch")

    assert refusal(tmp_path, repository, fetcher=Dripping()) == "limit.fetch"


def test_tru_012_a_status_list_is_signed_as_the_list(tmp_path, repository):
    repository.publish(2, data=encoded({"type": "hp-status-list", "version": 2}))
    assert refusal(tmp_path, repository) == "trust.type"


def test_tru_012_the_signed_metadata_names_no_trust_list(tmp_path, repository):
    repository.publish(2, target="status-list.json")
    assert refusal(tmp_path, repository) == "trust.type"


@pytest.mark.parametrize("other", ["1.root.json", "1.targets.json", "1.snapshot.json"])
def test_tru_012_metadata_of_another_role(tmp_path, repository, other):
    repository.files["metadata/timestamp.json"] = repository.files[f"metadata/{other}"]
    assert refusal(tmp_path, repository) == "trust.type"


def test_tru_012_metadata_of_no_role(tmp_path, repository):
    metadata = json.loads(repository.files["metadata/timestamp.json"])
    metadata["signed"]["_type"] = "status"
    repository.files["metadata/timestamp.json"] = encoded(metadata)
    assert refusal(tmp_path, repository) == "trust.type"


KILLED = """
import sys, pickle, time
from datetime import datetime, UTC
from pathlib import Path
from healthpassport.refresh import update_trust_list
from healthpassport.fetch import HttpResponse
from urllib.parse import urlsplit
folder, pinned, states = pickle.loads(sys.stdin.buffer.read())
class Served:
    def fetch(self, request):
        path = urlsplit(request.url).path.removeprefix("/list/")
        found = self.files.get(path)
        return HttpResponse(200, {}, found) if found else HttpResponse(404, {}, b"")
served = Served()
print("ready", flush=True)
for number in range(100000):
    served.files = states[number % len(states)]
    update_trust_list(Path(folder), url="https://authority.example/list", root=pinned,
                      fetcher=served, now=datetime.now(UTC))
"""


def test_tru_013_kill_9_leaves_the_old_or_the_new_list_whole(tmp_path, repository):
    """A real process updates without pause and is killed; the copy is always whole."""
    update(tmp_path, repository)
    states = [dict(repository.files)]
    for version in range(2, 200):
        repository.publish(version)
        states.append(dict(repository.files))
    seen = set()
    for attempt in range(6):
        start = max(seen, default=1)
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
        )
        data = pickle.dumps((str(tmp_path), repository.pinned, states[start - 1 :]))
        child.stdin.write(data)
        child.stdin.close()
        child.stdout.readline()
        time.sleep(0.05 + 0.017 * attempt)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        seen.add(read(tmp_path, repository).trust_list.version)
    assert max(seen) > 1
    assert update(tmp_path, repository).trust_list.version == 199
    assert read(tmp_path, repository).trust_list.version == 199


def cached(folder: Path) -> dict:
    return json.loads((folder / CACHE_FILE).read_bytes())


@pytest.mark.parametrize(
    "name", ["trust-list.json", "timestamp.json", "snapshot.json", "targets.json"]
)
def test_tru_015_the_copy_on_disk_was_edited(tmp_path, repository, name):
    update(tmp_path, repository)
    found = cached(tmp_path)
    text = base64.b64decode(found["files"][name])
    swapped = text.replace(b"Example Surgery", b"Example Burgery")
    for year in (NOW.year, NOW.year + 1):
        swapped = swapped.replace(str(year).encode(), str(year + 10).encode())
    assert swapped != text
    found["files"][name] = base64.b64encode(swapped).decode()
    (tmp_path / CACHE_FILE).write_bytes(encoded(found))
    with pytest.raises(TrustError) as caught:
        read(tmp_path, repository)
    assert caught.value.code == "trust.signature"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{}",
        b"[]",
        b'{"files": {}, "updatedAt": "x"}',
        b'{"files": {"a": "!"}, "updatedAt": 1}',
    ],
)
def test_tru_015_the_copy_on_disk_is_damaged_and_an_update_repairs_it(tmp_path, repository, damage):
    update(tmp_path, repository)
    (tmp_path / CACHE_FILE).write_bytes(damage)
    with pytest.raises(TrustError) as caught:
        read(tmp_path, repository)
    assert caught.value.code == "trust.signature"
    assert update(tmp_path, repository).trust_list.version == 1


def test_tru_015_a_file_is_taken_out_of_the_copy(tmp_path, repository):
    update(tmp_path, repository)
    found = cached(tmp_path)
    del found["files"]["snapshot.json"]
    (tmp_path / CACHE_FILE).write_bytes(encoded(found))
    with pytest.raises(TrustError) as caught:
        read(tmp_path, repository)
    assert caught.value.code == "trust.signature"


def test_tru_015_the_unsigned_date_of_the_copy_cannot_make_it_younger(tmp_path, repository):
    update(tmp_path, repository)
    found = cached(tmp_path)
    later = NOW + timedelta(days=200)
    found["updatedAt"] = int(later.timestamp())
    (tmp_path / CACHE_FILE).write_bytes(encoded(found))
    view = read(tmp_path, repository, now=later)
    assert view.stale
    assert view.age == timedelta(days=170)


def test_tru_016_a_thumbprint_that_is_not_that_of_its_key(repository):
    pinned = wire_key(repository.issuer, thumbprint=generate_signer().public_key.thumbprint())
    with pytest.raises(TrustError) as caught:
        TrustedKey.model_validate(pinned)
    assert caught.value.code == "trust.key_pin"


@pytest.mark.parametrize("same_key", [True, False])
def test_tru_019_two_entries_for_one_issuer(tmp_path, repository, same_key):
    other = repository.issuer if same_key else generate_signer()
    entries = [wire_issuer(repository.issuer), wire_issuer(other, statusLists=[])]
    data = encoded(wire_list(repository.issuer, repository.registrar, issuers=entries))
    repository.publish(2, data=data)
    assert refusal(tmp_path, repository) == "trust.duplicate"
