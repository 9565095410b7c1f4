"""The drill of docs/operations.md: back up, go on, lose everything, restore."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from databases import on_sqlite
from issuer_config import config_file
from simulated_issuer import Site, Wallet
from typer.testing import CliRunner

from healthpassport.errors import ServiceError
from healthpassport.formats import sd_jwt_vc
from healthpassport.status import token_status_list as tsl
from issuer import service
from issuer.cli import app
from issuer.service.list_files import publish_files
from issuer.service.restoring import after_restore
from issuer.service.status_journal import journal_path
from issuer.store import Wanted, audit
from issuer.store.backing_up import back_up, size_class


def issue(site, copies=4):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    answer = wallet.ask_credential(copies=copies)
    assert answer.status == 200, answer.body
    texts = [one["credential"] for one in answer.json()["credentials"]]
    places = [tsl.reference(sd_jwt_vc.open_held(text).payload) for text in texts]
    (found,) = service.issued(site.issuer, offer=wallet.made.id)
    return found.id, {(one.uri, one.index) for one in places}


def stands(site, places):
    """What desks are told of ``places``."""
    told = set()
    for uri, index in places:
        answer = site.call("GET", uri.removeprefix(site.settings.iss))
        keys = [site.issuer.signer.public_key]
        held = tsl.read(answer.body.decode(), expected_uri=uri, keys=keys, now=site.now)
        told.add(held.get(index))
    return told


def withdraw(site, issuance):
    service.change_status(site.issuer, issuance=issuance, change=service.Change.WITHDRAW)


def destroy(site):
    site.issuer.store.close()
    for file in site.folder.glob("issuer.sqlite*"):
        if file != journal_path(site.settings):
            file.unlink()


@pytest.mark.parametrize("journal", ["kept", "lost"])
def test_rel_after_a_restore_no_place_is_given_twice_and_what_was_withdrawn_stays(
    tmp_path, journal
):
    (tmp_path / "site").mkdir()
    site = Site(tmp_path / "site", {"status_list_size": 131_072, **on_sqlite(tmp_path / "site")})
    kept, lists = tmp_path / "backup.sqlite", tmp_path / "lists"
    early, before = issue(site)
    _, untouched = issue(site)
    assert back_up(site.settings.database, kept) == kept.stat().st_size

    late, since = issue(site)
    since |= {place for _ in range(5) for place in issue(site)[1]}
    withdraw(site, early)
    withdraw(site, late)
    publish_files(site.issuer, lists)

    destroy(site)
    if journal == "lost":
        journal_path(site.settings).unlink()
    site.settings.database.write_bytes(kept.read_bytes())
    site.reopen()
    if journal == "lost":
        assert stands(site, before) == {tsl.VALID}  # what the drill is about
        after_restore(site.issuer, lists)
        assert written(site)[::2] == ("status.restored", {"lists": 3})

    assert stands(site, before) == {tsl.WITHDRAWN}
    assert stands(site, untouched) == {tsl.VALID}
    with pytest.raises(ServiceError) as caught:
        service.change_status(site.issuer, issuance=early, change=service.Change.REINSTATE)
    assert caught.value.code == "issuer.withdrawn"
    again = {place for _ in range(6) for place in issue(site)[1]}
    assert again.isdisjoint(before | untouched | since)
    publish_files(site.issuer, lists)  # nothing published is older than what was
    assert stands(site, again) == {tsl.VALID}


# -- the copy itself ------------------------------------------------------------------------


def config(site):
    return str(config_file(site.folder, site.settings))


def written(site):
    """The last entry of the trail: what happened, who, and the facts."""
    site.issuer.audit.settle(everything=True)
    with site.issuer.store.reading() as tx:
        (last,) = audit.find(tx, Wanted(), 1)
    told = json.loads(last.entry)
    return told["event"], told["who"], told.get("facts", {})


def test_a_backup_is_made_while_somebody_writes(tmp_path):
    site = Site(tmp_path, on_sqlite(tmp_path))
    issuance, _ = issue(site)
    target = tmp_path / "night.sqlite"
    with site.issuer.store.writing():
        back_up(site.settings.database, target)
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT id FROM issuances").fetchall() == [(issuance,)]


def test_a_backup_by_a_command_stands_in_the_trail_without_its_place(tmp_path):
    site = Site(tmp_path, on_sqlite(tmp_path))
    issuance, _ = issue(site)
    target = tmp_path / "night.sqlite"
    run = ["backup", str(target), "--json", "--config", config(site)]
    result = CliRunner().invoke(app, run)
    assert result.exit_code == 0, result.output
    size = json.loads(result.stdout)["bytes"]
    assert size == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    event, who, facts = written(site)
    assert (event, facts) == ("backup.made", {"size": size_class(size)})
    assert size <= facts["size"] < 2 * size
    assert who["desk"] == "command line"
    assert "night" not in site.files().decode("latin-1")
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT id FROM issuances").fetchall() == [(issuance,)]
    assert sorted(one.name for one in tmp_path.glob("night*")) == ["night.sqlite"]


@pytest.mark.parametrize(
    ("run", "event"), [("--note", "backup.made"), ("--restored", "backup.restored")]
)
def test_what_other_tools_copied_and_put_back_is_noted(tmp_path, run, event):
    site = Site(tmp_path, on_sqlite(tmp_path))
    result = CliRunner().invoke(app, ["backup", run, "--config", config(site)])
    assert result.exit_code == 0, result.output
    assert written(site)[::2] == (event, {})


@pytest.mark.parametrize("run", [[], ["x", "--note"], ["--note", "--restored"]])
def test_a_backup_says_what_it_is_to_do(tmp_path, run):
    result = CliRunner().invoke(app, ["backup", *run])
    assert result.exit_code == 2


@pytest.mark.parametrize("trouble", ["there", "nowhere", "no database", "damaged", "folder"])
def test_a_backup_that_cannot_be_whole_is_none(tmp_path, trouble):
    database, target = tmp_path / "issuer.sqlite", tmp_path / "night.sqlite"
    if trouble != "no database":
        with closing(sqlite3.connect(database)) as made:
            made.execute("CREATE TABLE t (c)")
            made.commit()
    if trouble == "there":
        target.write_text("older")
    elif trouble == "nowhere":
        target = tmp_path / "nowhere" / "night.sqlite"
    elif trouble == "damaged":
        database.write_bytes(b"SQLite format 3\x00" + b"\xff" * 8176)
    elif trouble == "folder":
        target.mkdir()
    with pytest.raises(ServiceError) as caught:
        back_up(database, target)
    assert caught.value.code == "issuer.backup"
    assert not target.is_file() or target.read_text() == "older"
    assert not list(tmp_path.rglob("*.partial"))


def test_of_postgresql_none_is_made(tmp_path, monkeypatch):
    site = Site(tmp_path, on_sqlite(tmp_path))
    monkeypatch.setenv(
        "PASSPORT_ISSUER_DATABASE_URL", "postgresql+psycopg://nobody@nowhere.test/no"
    )
    result = CliRunner().invoke(app, ["backup", str(tmp_path / "x"), "--config", config(site)])
    assert getattr(result.exception, "code", None) == "issuer.backup"
