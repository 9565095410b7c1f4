"""What an issuer is told of its signing keys: by its settings, by doctor, by the commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from issuer_config import told
from simulated_issuer import made_settings
from typer.testing import CliRunner

from healthpassport.encoding import dump_json
from healthpassport.errors import SettingsError
from issuer.cli import app
from issuer.settings import load


def configured(folder, *, age: int = 1, **changes):
    """A file with the settings of an issuer whose certificate is ``age`` days old, of 700."""
    now = datetime.now(UTC)
    made, _ = made_settings(folder, certified_at=now - timedelta(days=age), **changes)
    path = folder / "issuer.toml"
    dumped = made.model_dump(mode="json", exclude_defaults=True) | told(made)
    path.write_text("\n".join(f"{k} = {dump_json(v).decode()}" for k, v in dumped.items()))
    return path


def doctor(config):
    done = CliRunner().invoke(app, ["doctor", "--json", "--config", str(config)])
    return {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_a_certificate_that_ends_soon_is_told_and_is_no_failure(tmp_path):
    found = doctor(configured(tmp_path, age=680))
    assert found["signing key and certificate"]["ok"]
    assert "keys renew" in found["soon"]["problem"]


def test_a_certificate_with_time_left_is_not_spoken_of(tmp_path):
    assert "soon" not in doctor(configured(tmp_path))


def test_a_key_file_that_others_can_read_is_a_failure(tmp_path):
    config = configured(tmp_path)
    (tmp_path / "issuer.pem").chmod(0o644)
    assert "key.permissions" in doctor(config)["signing key and certificate"]["problem"]


def test_a_key_that_the_group_reads_is_worth_a_word(tmp_path):
    config = configured(tmp_path)
    (tmp_path / "issuer.pem").chmod(0o640)
    found = doctor(config)
    assert found["signing key and certificate"]["ok"]
    assert "issuer.pem" in found["soon"]["problem"]


def test_a_list_that_is_not_there_is_told(tmp_path):
    (tmp_path / "root.json").write_bytes(b"{}")
    more = {"trust_folder": tmp_path / "copy", "trust_root": tmp_path / "root.json"}
    assert not doctor(configured(tmp_path, **more))["trust list"]["ok"]


@pytest.mark.parametrize("line", ['next_key = "file:/k"', "next_key_from = 2031-01-01T00:00:00Z"])
def test_the_next_key_is_named_with_its_chain_and_its_day_or_not_at_all(tmp_path, line):
    config = configured(tmp_path)
    config.write_text(f"{config.read_text()}\n{line}\n")
    with pytest.raises(SettingsError, match=r"^issuer\.settings:.*belong together"):
        load(config)


def test_the_pin_is_tried_for_keys_on_tokens_only(tmp_path):
    done = CliRunner().invoke(app, ["keys", "try-pin", "--config", str(configured(tmp_path))])
    assert done.exception.code == "key.uri"


@pytest.mark.parametrize("where", [[], ["--out", "a.pem", "--key", "pkcs11:token=a;object=b"]])
def test_a_new_key_is_made_in_one_place(tmp_path, where):
    asked = ["keys", "signing", "issuer.example", "--csr", str(tmp_path / "a.csr"), *where]
    assert CliRunner().invoke(app, asked).exception.code == "issuer.settings"
