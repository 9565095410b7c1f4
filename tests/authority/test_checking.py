from __future__ import annotations

from datetime import timedelta

import pytest
from authority_world import ISSUER, NOW, VERIFIER, WEEK, Served, jwk

from authority.service.checking import Level, check_authority, check_copy
from healthpassport.refresh import update_trust_list


@pytest.fixture
def published(authority, tmp_path):
    authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    authority.add_verifier(**VERIFIER, purposes=["emergency"], jwk=jwk(), now=NOW)
    (authority.folder / "offline").rename(tmp_path / "away")
    authority.publish(tmp_path / "www", now=NOW)
    return tmp_path / "www"


def worst(authority, published, *, now=NOW) -> dict[str, str]:
    found = check_authority(authority.store, published=published, now=now)
    return {f.subject: f.message for f in found if f.level is not Level.OK}


def test_a_good_set_up_has_nothing_wrong_and_says_what_expires(authority, published):
    found = check_authority(authority.store, published=published, now=NOW)
    assert {finding.level for finding in found} == {Level.OK}
    assert {"anchor certificate", "root version 1", "published timestamp"} <= {
        finding.subject for finding in found
    }
    assert all(finding.expires for finding in found)


def test_offline_keys_that_were_not_taken_away_are_named(authority):
    assert "ca, root-1" in worst(authority, None)["offline keys"]


def test_everything_that_has_expired_is_named(authority, published):
    found = worst(authority, published, now=NOW + timedelta(days=400))
    assert "expired" in found["root version 1"]
    assert "expired" in found["published timestamp"]
    assert any(subject.startswith("issuer") for subject in found)
    assert any(subject.startswith("verifier") for subject in found)


def test_what_expires_soon_is_named_with_the_remedy(authority, published):
    found = worst(authority, published, now=NOW + timedelta(days=6))
    assert found == {"published timestamp": found["published timestamp"]}
    assert found["published timestamp"].endswith("publish")


def test_an_empty_list_is_worth_a_word(authority):
    assert "issuers" in worst(authority, None)


def test_a_missing_key_and_one_that_others_can_read(authority, published):
    authority.store.key_path("targets").unlink()
    authority.store.key_path("snapshot").chmod(0o644)
    found = worst(authority, published)
    assert "missing" in found["key targets"]
    assert "600" in found["key snapshot"]


def test_a_missing_anchor_and_root(authority, published):
    (authority.folder / "ca.pem").unlink()
    authority.store.root_path(1).rename(authority.folder / "x")
    found = check_authority(authority.store, published=None, now=NOW)
    assert {f.subject for f in found if f.level is Level.WRONG} == {
        "anchor certificate",
        "root",
    }


def test_changes_that_are_not_published(authority, published, tmp_path):
    authority.remove_issuer(ISSUER["iss"], now=NOW)
    assert "not published" in worst(authority, published)["publication"]


def test_an_old_folder_that_is_still_served(authority, published, tmp_path):
    authority.publish(tmp_path / "elsewhere", now=NOW)
    assert "the newest is 2" in worst(authority, published)["publication"]


def test_a_served_folder_that_was_altered(authority, published):
    (published / "metadata" / "timestamp.json").unlink()
    assert "trust.signature" in worst(authority, published)["publication"]


def test_a_served_folder_that_is_empty(authority, published, tmp_path):
    assert "trust.signature" in worst(authority, tmp_path / "nothing")["publication"]


def test_the_copy_of_a_follower(authority, published, tmp_path):
    root = authority.bootstrap_root
    copy = tmp_path / "copy"
    missing = check_copy(copy, root=root, now=NOW, max_age=WEEK)
    assert missing.message.startswith("trust.missing")
    update_trust_list(copy, url="https://x", root=root, fetcher=Served(published), now=NOW)
    assert check_copy(copy, root=root, now=NOW, max_age=WEEK).level is Level.OK
    old = check_copy(copy, root=root, now=NOW + timedelta(days=8), max_age=WEEK)
    assert old.level is Level.WRONG
    assert "too old" in old.message
