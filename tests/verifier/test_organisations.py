"""The folders of organisations: what one may say, what it never takes over, and the commands."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from repository import ROOT
from tenant_world import NAMES, serve_two, set_up

from healthpassport.errors import SettingsError
from verifier.cli import main
from verifier.service.organisations import (
    GIVEN,
    SHARED,
    OrganisationSettings,
    organisation_names,
    organisation_settings,
)
from verifier.settings import VerifierSettings
from verifier.store import Wanted, open_store

GOOD = 'name = "North"\npublic_url = "https://north.example"\nweb_hosts = ["north.staff.example"]\n'

# Every other setting belongs to one organisation and stands in its own file.
OWN = {
    "api_key_file",
    "api_keys",
    "brand",
    "certificate",
    "confirm",
    "formats",
    "freshness",
    "key",
    "key_passphrase_file",
    "public_url",
    "receipt_days",
    "registrations",
    "request_minutes",
    "request_uri_method",
    "require_post_quantum",
    "result_minutes",
    "templates",
    "web_hosts",
}


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "organisations"
    (folder / "north").mkdir(parents=True)
    (folder / "north" / "organisation.toml").write_text(GOOD)
    return VerifierSettings(
        home=tmp_path, organisations=folder, confirm=True, brand="Region", api_port=9443
    )


def write(shared, text, name="north"):
    (shared.organisations / name / "organisation.toml").write_text(text)


def refused(shared, name="north"):
    with pytest.raises(SettingsError) as caught:
        organisation_settings(shared, name)
    assert caught.value.code == "verifier.organisation"
    return str(caught.value.detail)


def test_every_setting_is_either_shared_or_an_organisations_own():
    own = set(VerifierSettings.model_fields) - SHARED - GIVEN
    assert own >= OWN
    assert set(VerifierSettings.model_fields) >= SHARED
    # What could make one organisation act as another is never shared.
    named = {"key", "cert", "secret", "client", "oidc", "passphrase", "template", "webhook"}
    risky = {name for name in SHARED if any(word in name for word in named)}
    assert risky == {"tls_cert", "tls_key"}


def test_an_organisation_has_its_own_files_and_the_deployments_ports(shared, monkeypatch):
    monkeypatch.setenv("PASSPORT_VERIFIER_BRAND", "Somebody else")
    own = organisation_settings(shared, "north")
    folder = shared.organisations / "north"
    assert (own.tenant, own.organisation, own.home) == ("north", "North", folder)
    assert own.key_uri == f"file:{folder / 'verifier.key'}"
    assert {own.certificate_file, own.registrations_folder, own.api_keys_file} == {
        folder / "verifier.pem",
        folder / "registrations",
        folder / "api-keys.json",
    }
    assert own.receipt_key_file.parent == own.freshness_file.parent == folder
    assert (own.api_port, own.lists_folder) == (9443, shared.lists_folder)
    assert own.database_file == shared.database_file


def test_what_its_file_does_not_say_is_nobody_elses(shared):
    own = organisation_settings(shared, "north")
    assert (own.confirm, own.brand) == (False, "Health Passport")


def test_paths_count_from_the_organisations_folder(shared):
    write(shared, GOOD + 'templates = "more"\nkey = "file:keys/own.key"\ncertificate = "/c.pem"\n')
    own = organisation_settings(shared, "north")
    folder = shared.organisations / "north"
    assert own.templates == folder / "more"
    assert own.key_uri == f"file:{folder / 'keys' / 'own.key'}"
    assert own.certificate_file == Path("/c.pem")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name"),
        (GOOD.replace('name = "North"\n', ""), "name"),
        (GOOD.replace('public_url = "https://north.example"\n', ""), "public_url"),
        (GOOD.replace('["north.staff.example"]', "[]"), "web_hosts"),
        (GOOD.replace("https://", "http://"), "public_url"),
        (GOOD + 'home = "/"\n', "home"),
        (GOOD + 'tenant = "south"\n', "tenant"),
        (GOOD + "api_port = 1\n", "api_port"),
        (GOOD + 'trust_url = "https://other.example"\n', "trust_url"),
        (GOOD + "no_such = 1\n", "no_such"),
        (GOOD + 'deployment = "/"\n', "deployment"),
        (GOOD + "request_minutes = 99\n", "request_minutes"),
        ("name = [", "TOML"),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused_with_the_place(shared, text, said):
    write(shared, text)
    assert said in refused(shared)


def test_a_folder_that_is_not_there_or_has_no_file_is_refused(shared):
    assert "no such folder" in refused(shared, "south")
    assert "no such folder" in refused(shared, "../north")
    (shared.organisations / "south").mkdir()
    assert "organisation.toml" in refused(shared, "south")


@pytest.mark.parametrize("name", ["North", "a b", "-a", "x" * 64])
def test_a_folder_with_another_kind_of_name_is_refused(shared, name):
    (shared.organisations / name).mkdir()
    with pytest.raises(SettingsError):
        organisation_names(shared)


def test_hidden_folders_and_files_are_no_organisations(shared):
    (shared.organisations / ".git").mkdir()
    (shared.organisations / "README").write_text("")
    assert organisation_names(shared) == ("north",)


def test_an_empty_folder_or_none_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "missing"):
        with pytest.raises(SettingsError):
            organisation_names(VerifierSettings(home=tmp_path, organisations=tmp_path / folder))


def test_the_settings_of_an_organisation_read_no_environment(monkeypatch):
    for name in VerifierSettings.model_fields:
        monkeypatch.setenv(f"PASSPORT_VERIFIER_{name.upper()}", "x")
    own = OrganisationSettings(deployment=Path("/d"), home=Path("/d/north"))
    assert own.brand == "Health Passport"


# -- commands -------------------------------------------------------------------------------


@dataclass
class Answer:
    returncode: int
    stdout: bytes
    stderr: bytes


@pytest.fixture
def run(monkeypatch, capsysbinary):
    """A command as a person types it, in this process: what a command loads, it loads once."""

    def typed(*arguments, shared, tenant=None):
        monkeypatch.setenv("PASSPORT_VERIFIER_HOME", str(shared.home))
        monkeypatch.setenv("PASSPORT_VERIFIER_ORGANISATIONS", str(shared.organisations))
        if tenant is not None:
            monkeypatch.setenv("PASSPORT_VERIFIER_TENANT", tenant)
        monkeypatch.setattr(sys, "argv", ["passport-verifier", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsysbinary.readouterr()
        return Answer(int(ended.value.code or 0), said.out, said.err)

    return typed


@contextmanager
def database(shared):
    store = open_store(shared.database_file)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture(scope="module")
def two_homes(world, tmp_path_factory):
    return set_up(world, tmp_path_factory.mktemp("commands") / "home")


def test_the_lists_that_all_share_are_fetched_without_naming_one(run, two_homes):
    answer = run("update", shared=two_homes)
    assert b"PASSPORT_VERIFIER_TENANT" not in answer.stderr
    assert b"trust_url" in answer.stderr.lower()


def test_a_command_about_one_organisation_asks_for_its_name(run, two_homes):
    answer = run("keys", "list", shared=two_homes)
    assert answer.returncode == 1
    assert b"north, south" in answer.stderr


def test_commands_open_the_database_in_one_place_that_knows_the_organisation():
    found = [
        path.name
        for path in (ROOT / "verifier" / "cli").glob("*.py")
        if "open_store(" in path.read_text(encoding="utf-8")
    ]
    assert found == ["stored.py"]


def test_keys_are_made_listed_and_taken_out_for_one_organisation(run, two_homes):
    made = run(
        "keys",
        "add",
        "kiosk",
        "--role",
        "clerk",
        "--days",
        "30",
        "--json",
        shared=two_homes,
        tenant="north",
    )
    secret = json.loads(made.stdout)["key"]
    files = {name: (two_homes.organisations / name / "api-keys.json").read_text() for name in NAMES}
    assert secret not in files["north"] + files["south"]
    assert "kiosk" not in files["south"]
    rows = json.loads(run("keys", "list", "--json", shared=two_homes, tenant="north").stdout)
    assert [(row["name"], row["role"]) for row in rows["keys"]] == [
        ("ward", "clinician"),
        ("kiosk", "clerk"),
    ]
    assert rows["keys"][1]["expires"] > rows["keys"][1]["created"]
    assert rows["keys"][1]["lastUsed"] is None
    gone = run("keys", "remove", "kiosk", shared=two_homes, tenant="north")
    assert gone.returncode == 0
    again = run("keys", "remove", "kiosk", shared=two_homes, tenant="north")
    assert again.returncode == 1
    with database(two_homes) as store:
        told = {
            name: [one.event for one in store.for_tenant(name).audit.find(Wanted())]
            for name in NAMES
        }
    assert [event for event in told["north"] if event.startswith("api_key")] == [
        "api_key.removed",
        "api_key.made",
    ]
    assert told["south"] == []


def test_the_doctor_looks_at_each_organisation_and_between_them(run, two_homes):
    rows = json.loads(run("doctor", "--json", shared=two_homes).stdout)["checks"]
    named = {row["name"]: row for row in rows}
    for name in NAMES:
        assert named[f"{name}: signing key and certificate"]["ok"]
        assert named[f"{name}: API keys"]["words"] == "1 API keys"
    assert named["organisations apart"]["ok"]


def test_the_doctor_names_an_organisation_that_is_not_what_its_file_says(run, world, tmp_path):
    shared = set_up(world, tmp_path / "home")
    own = shared.organisations / "north" / "organisation.toml"
    own.write_text(own.read_text().replace("RNN01", "RQQ01"))
    rows = json.loads(run("doctor", "--json", shared=shared).stdout)["checks"]
    (row,) = [row for row in rows if row["name"].startswith("north")]
    assert (row["ok"], row["code"]) == (False, "verifier.organisation")
    assert "RNN01" in row["words"]


def test_such_an_organisation_is_not_served(world, tmp_path):
    def change(settings):
        own = settings.organisations / "north" / "organisation.toml"
        own.write_text(own.read_text().replace("RNN01", "RQQ01"))

    two = serve_two(world, tmp_path / "home", change=change)
    assert list(two.tenants.desks) == ["south"]
    two.tenants.shut()
