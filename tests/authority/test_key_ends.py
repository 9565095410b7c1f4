"""A key of an issuer ends: in time, with what it signed believed, or because others have it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from authority_world import ISSUER, NOW, WEEK, followed, jwk, made, refused
from typer.testing import CliRunner

from authority.cli import app
from authority.service.checking import Level, check_authority
from healthpassport.errors import TrustError

ISS = ISSUER["iss"]
BEFORE = NOW + timedelta(minutes=1)


@pytest.fixture
def authority(tmp_path):
    authority = made(tmp_path / "authority")
    for _ in range(2):
        authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    return authority


def keys(authority):
    return authority.store.load().issuers[0].keys


def ask(listed, key, at):
    return listed.issuer_key(
        iss=ISS, thumbprint=key.thumbprint, record_type="AllergySummary", at=at
    )


def test_a_key_that_ends_signs_no_longer_and_what_it_signed_stays_good(authority, tmp_path):
    old, new = keys(authority)
    authority.end_key(ISS, old.thumbprint, now=NOW, at=NOW + WEEK)
    listed = followed(authority, tmp_path)
    assert ask(listed, old, BEFORE)
    assert ask(listed, new, NOW + 2 * WEEK)
    with pytest.raises(TrustError, match=r"^trust\.key_expired:"):
        ask(listed, old, NOW + WEEK)


def test_nothing_that_a_compromised_key_signed_is_believed_whatever_its_date(authority, tmp_path):
    old, new = keys(authority)
    authority.end_key(ISS, old.thumbprint, now=NOW + WEEK, at=NOW + WEEK, compromised=True)
    listed = followed(authority, tmp_path)
    for at in (NOW, BEFORE, NOW + WEEK, NOW + 3 * WEEK):
        with pytest.raises(TrustError, match=r"^trust\.key_compromised:"):
            ask(listed, old, at)
    assert ask(listed, new, BEFORE)
    # Nor does it sign status lists: a desk has to fetch one that the new key signed.
    assert not listed.issuer(ISS).key(old.thumbprint).valid_at(BEFORE)


def test_an_end_is_not_put_off_and_a_compromise_not_taken_back(authority):
    old, _ = keys(authority)
    authority.end_key(ISS, old.thumbprint, now=NOW, at=NOW + WEEK, compromised=True)
    authority.end_key(ISS, old.thumbprint, now=NOW, at=NOW + 2 * WEEK)
    found = next(key for key in keys(authority) if key.thumbprint == old.thumbprint)
    assert (found.not_after, found.compromised_at) == (NOW + WEEK, NOW)
    refused("authority.conflict", authority.add_issuer, **ISSUER, jwk=dict(old.jwk), now=NOW)


@pytest.mark.parametrize(("iss", "key"), [(ISS, "absent"), ("https://other.example", None)])
def test_only_a_listed_key_ends(authority, iss, key):
    key = key or keys(authority)[0].thumbprint
    refused("authority.unknown", authority.end_key, iss, key, now=NOW, at=NOW)


def test_the_changelog_and_the_check_say_what_became_of_each_key(authority):
    old, _ = keys(authority)
    authority.end_key(ISS, old.thumbprint, now=NOW, at=NOW, compromised=True)
    assert authority.store.load().changes[-1].what.endswith(f"{old.thumbprint} is compromised")
    found = check_authority(authority.store, published=None, now=NOW + WEEK)
    (said,) = [f for f in found if old.thumbprint[:8] in f.subject]
    assert said.level is Level.OK
    assert "compromised" in said.message


@pytest.mark.parametrize("more", [[], ["--compromised"], ["--at", "2031-01-01"]])
def test_the_command_ends_a_key(authority, more):
    old, _ = keys(authority)
    named = ["--iss", ISS, "--key", old.thumbprint, "--folder", str(authority.folder)]
    done = CliRunner().invoke(app, ["end-key", *named, *more, "--json"])
    assert done.exit_code == 0, done.output
    found = next(key for key in keys(authority) if key.thumbprint == old.thumbprint)
    assert (found.compromised_at is not None) is ("--compromised" in more)
    assert found.not_after <= old.not_after
