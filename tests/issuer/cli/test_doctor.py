"""What ``passport-issuer doctor`` finds beside keys: files, disks, clocks, database, console."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from simulated_issuer import made_settings
from sqlalchemy import text
from typer.testing import CliRunner

from healthpassport.encoding import dump_json
from healthpassport.errors import ServiceError
from issuer.cli import app
from issuer.service import setting_up
from issuer.store import open_store
from issuer.store.examining import Condition, Schema, examine

NOW = 1_800_000_000.0


class Usage(NamedTuple):
    """As the standard library tells of a disk."""

    total: int
    used: int
    free: int


@pytest.fixture
def configured(tmp_path):
    """Makes a file of settings, changed."""

    def configure(**changes):
        made, _ = made_settings(
            tmp_path, certified_at=datetime.now(UTC), database=tmp_path / "issuer.sqlite", **changes
        )
        path = tmp_path / "issuer.toml"
        dumped = made.model_dump(mode="json", exclude_defaults=True)
        lines = (f"{k} = {dump_json(v).decode()}" for k, v in dumped.items() if v is not None)
        path.write_text("\n".join(lines))
        return path

    return configure


def doctor(config):
    """Findings by their name, ``soon`` as a list."""
    done = CliRunner().invoke(app, ["doctor", "--json", "--config", str(config)])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    found = {row["check"]: row for row in rows}
    found["soon"] = [row["problem"] for row in rows if row["check"] == "soon"]
    assert done.exit_code == (0 if all(row["ok"] for row in rows) else 1)
    return found


def test_an_issuer_that_was_never_started_is_examined_and_nothing_is_made(configured, tmp_path):
    config = configured()
    (tmp_path / "issuer.sqlite").unlink(missing_ok=True)  # tests begin with one that was made
    found = doctor(config)
    assert found["database"]["ok"]
    assert found["files"]["ok"]
    assert found["soon"] == []
    assert not (tmp_path / "issuer.sqlite").exists()


@pytest.mark.parametrize("name", ["keys.json", "issuer.sqlite", "issuer.sqlite.status-journal"])
def test_a_file_that_others_can_read_is_wrong_and_the_command_is_named(configured, tmp_path, name):
    config = configured()
    path = tmp_path / name
    path.touch()
    path.chmod(0o644)
    found = doctor(config)
    assert f"chmod 600 {path}" in found["files"]["problem"]


def test_what_the_group_can_read_is_worth_a_word(configured, tmp_path):
    config = configured()
    (tmp_path / "keys.json").chmod(0o640)
    found = doctor(config)
    assert found["files"]["ok"]
    assert any("keys.json" in words for words in found["soon"])


@pytest.mark.parametrize(("mode", "ok"), [(0o757, False), (0o755, True), (0o700, True)])
def test_a_folder_in_which_others_can_change_files_is_wrong(configured, tmp_path, mode, ok):
    config = configured()
    tmp_path.chmod(mode)
    assert doctor(config)["files"]["ok"] is ok


@pytest.mark.parametrize(
    ("free", "ok", "soon"), [(10**6, False, False), (5 * 10**8, True, True), (10**10, True, False)]
)
def test_a_disk_that_is_full_is_wrong_and_one_that_will_be_is_told(
    configured, monkeypatch, free, ok, soon
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - free, free))
    found = doctor(configured())
    assert found["disks"]["ok"] is ok
    assert any("make room" in words for words in found["soon"]) is soon


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"web_oidc_issuer": "https://login.example"}, "staff.setup"),
        (
            {
                "web_oidc_issuer": "https://login.example",
                "web_oidc_client_id": "desk",
                "web_oidc_client_secret_file": "/nowhere",
            },
            "staff.setup",
        ),
        (
            {"web_text_url": "https://text.example", "web_text_key_file": "/nowhere"},
            "console.setup",
        ),
    ],
)
def test_a_console_at_which_nobody_could_work_is_wrong(configured, changes, code):
    found = doctor(configured(web_port=8080, **changes))
    assert code in found["console"]["problem"]


def test_a_console_of_one_trusted_machine_is_right_and_none_is_not_spoken_of(configured):
    assert doctor(configured(web_port=8080))["console"]["ok"]


@pytest.mark.parametrize(
    ("found", "wrong", "soon"),
    [
        (Condition(Schema.CURRENT), (), ()),
        (Condition(Schema.CURRENT, sound=False), ("damage",), ()),
        (Condition(Schema.OLDER), (), ("backup first",)),
        (Condition(Schema.NONE), (), ()),
        (Condition(Schema.CURRENT, clock=NOW - 6), ("NTP",), ()),
        (Condition(Schema.CURRENT, clock=NOW + 6), ("NTP",), ()),
        (Condition(Schema.CURRENT, clock=NOW + 5, last=int(NOW)), (), ()),
        (Condition(Schema.CURRENT, last=int(NOW) + 60), ("60 seconds behind",), ()),
        (Condition(Schema.CURRENT, tells=False), (), ("failover",)),
    ],
)
def test_each_condition_of_a_database_has_its_advice(found, wrong, soon):
    said = list(setting_up.about_database(found, now=NOW))
    for expected, kind in ((wrong, True), (soon, False)):
        words = [one.words for one in said if one.wrong is kind]
        assert len(words) == len(expected)
        assert all(part in one for part, one in zip(expected, words, strict=True))


def test_a_database_is_looked_at_and_not_migrated(postgresql):
    url = postgresql.empty_database()
    assert examine(None, url=url).schema is Schema.NONE
    store = open_store(None, url=url)
    try:
        found = examine(None, url=url)
        assert (found.schema, found.sound, found.last, found.tells) == (
            Schema.CURRENT,
            True,
            None,
            True,
        )
        assert abs(found.clock - datetime.now(UTC).timestamp()) < 600
        for version, schema in (("0010", Schema.OLDER), ("9999", None)):
            with store.writing() as tx:
                tx.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))  # noqa: S608
            if schema is None:
                with pytest.raises(ServiceError) as caught:
                    examine(None, url=url)
                assert caught.value.code == "issuer.database"
            else:
                assert examine(None, url=url).schema is schema
                assert examine(None, url=url).schema is schema
    finally:
        store.close()
