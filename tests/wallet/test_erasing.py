"""Deleting everything: every file of this wallet, nothing of another, and what is left is told."""

from __future__ import annotations

import os
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from record_examples import allergies, identity
from wallet_alone import alone
from wallet_home import refused
from wallet_world import ISSUER, PASSPHRASE

from healthpassport.errors import FetchError
from healthpassport.summary import PatientSummary
from healthpassport.trust.cache import CACHE_FILE
from wallet.service.erasing import BEFORE, LEFT, erase, withdraw_cards
from wallet.vault import KdfCost


@pytest.fixture
def wallet(tmp_path):
    made = alone(tmp_path)
    made.init(PASSPHRASE, cost=KdfCost())
    yield made
    made.close()


def files(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_every_file_of_the_wallet_goes(wallet, tmp_path):
    around = wallet._around
    home = around.vault_file.parent
    around.trust_folder.mkdir()
    (around.trust_folder / CACHE_FILE).write_bytes(b"a list")
    (home / "vault-before-mend-20261125T000000Z.db").write_bytes(b"a copy")
    (home / "vault-version-1-at-3.db").write_bytes(b"a copy")
    (home / ".backup-00aa").mkdir()
    (home / ".backup-00aa" / "vault.db").write_bytes(b"half")
    (home / "root.json").write_text("{}")
    erased = wallet.erase()
    assert files(tmp_path) == {"root.json"}
    assert "vault.db" in erased.files
    assert erased.left == LEFT["en"]
    assert not wallet.exists


def test_the_anchor_of_another_wallet_stays(wallet, tmp_path):
    other = alone(tmp_path / "other")
    other._around = replace(other._around, anchor_folder=wallet._around.anchor_folder)
    other.init(PASSPHRASE, cost=KdfCost())
    other.close()
    wallet.erase()
    other.unlock(PASSPHRASE)
    other.close()


def test_a_vault_that_cannot_be_read_can_be_erased(wallet, tmp_path):
    wallet.close()
    wallet._around.vault_file.write_bytes(b"no vault any more")
    wallet.erase()
    assert files(tmp_path) == set()


def test_a_link_is_deleted_and_not_what_it_leads_to(wallet, tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear grandmother")
    wallet._around.vault_file.with_name("vault-before-mend-x.db").symlink_to(letter)
    wallet.erase()
    assert letter.read_text() == "Dear grandmother"
    assert files(tmp_path) == {"letter.txt"}


def test_the_file_is_written_over_before_it_is_deleted(wallet, tmp_path, monkeypatch):
    kept = tmp_path / "second name"
    kept.hardlink_to(wallet._around.vault_file)
    size = kept.stat().st_size
    wallet.erase()
    assert kept.read_bytes() == bytes(size)


def test_nothing_to_erase_is_told(tmp_path):
    with refused("vault.missing"):
        erase(alone(tmp_path)._around)


def test_a_file_that_stays_is_told(wallet, monkeypatch):
    def fail(*_args):
        raise PermissionError

    monkeypatch.setattr(os, "fsync", fail)
    with refused("vault.io"):
        erase(wallet._around)


def test_cards_are_withdrawn_once_and_nothing_is_erased_where_that_fails(world, tmp_path):
    held = world.wallet(tmp_path / "held")
    offer = world.offer(PatientSummary((identity(), allergies())))
    held.accept(held.add_offer(offer.link), offer.pin)
    assert withdraw_cards(held.cards) == ()
    held.cards.make(held.cards.choices().ticked)
    world.wire.down.add(urlsplit(ISSUER).netloc)
    with pytest.raises(FetchError):
        withdraw_cards(held.cards)
    assert held.exists
    world.wire.calm()
    assert len(withdraw_cards(held.cards)) == 1
    assert withdraw_cards(held.cards) == ()
    assert held.cards.list()[0].told
    held.close()


def test_what_is_left_is_told_in_both_languages():
    for words in (BEFORE, LEFT):
        assert len(words["en"]) == len(words["cy"])
