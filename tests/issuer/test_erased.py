"""Nothing of what was issued is left anywhere, and what looks for it would find it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from databases import on_sqlite
from fhir_examples import PATIENT, allergy, bundle, concept, data, medicine
from hypothesis import given, settings
from hypothesis import strategies as st
from issuer_config import config_file
from shared_inputs import shared
from simulated_issuer import NOW, Site, Wallet
from typer.testing import CliRunner

from healthpassport.encoding import b64_encode, b64url_encode, dump_text
from issuer import service
from issuer.cli import app
from issuer.service.context import open_issuer
from issuer.service.erasure import Hunt, Values, values_of
from issuer.service.erasure_places import look, own_words
from issuer.service.reading import rules_of
from issuer.settings import Settings

HERE = Path(__file__).parent
NUT = "Allergy to peanut, as Zephyrine's mother told"
# Values that no other test puts into a database.
NUMBER = "9991234578"
WHO = {
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}],
    "name": [{"family": "Zephyrine-Østergård", "given": ["Quillon"]}],
    "birthDate": "1931-03-09",
}
OWN = data(
    bundle(
        PATIENT | WHO,
        allergy(concept("771111000000107", text=NUT)),
        medicine(concept("772222000000101", text='Ramipril 5 mg "slow"')),
    )
)
LEFT = b"something that was left behind"
SHARED = (
    ("ips-hl7-uv-2.0.0", "Bundle-IPS-examples-Bundle-01.json"),
    (
        "nhs-gpconnect-structured-stu3",
        "service__src__test__resources__uat__input__TC4__9465698679_Gainsford_full_20210119.json",
    ),
    ("synthea-r4", "Luigi_Wiegand_e27d88b0-c5e5-4042-ad49-184f6a900ee3.json"),
)


def hunt_for(issuer, *bundles):
    rules, texts = rules_of(issuer.settings), set()
    for one in bundles:
        texts |= values_of(one, rules=rules, subject=None, now=NOW)
    values = Values.of(texts, own=own_words(issuer), now=NOW)
    return values, Hunt(values)


def found(issuer, hunt, *also):
    return {one.place: one.found for one in look(issuer, hunt, also=also) if one.found}


FORMS = {
    "as it stands": lambda text: text.encode(),
    "in JSON": lambda text: dump_text(text).encode(),
    "in JSON of ASCII": lambda text: json.dumps(text).encode(),
    "in base64url": lambda text: b64url_encode(text.encode()).encode(),
    "in base64 behind one byte": lambda text: b64_encode(b"x" + text.encode() + b"yz").encode(),
    "in base64 behind two bytes": lambda text: b64url_encode(b"xy" + text.encode()).encode(),
    "in a disclosure": lambda text: b64url_encode(dump_text(["salt", text]).encode()).encode(),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(
    text=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=6),
    before=st.binary(max_size=9),
)
def test_a_value_is_found_in_whatever_form_it_stands(form, text, before):
    hunt = Hunt(Values(frozenset({text}), 0))
    assert hunt.found_in([before + FORMS[form](text) + b"\0"])[0] == 1


@given(noise=st.binary(max_size=300))
def test_nothing_is_found_where_nothing_is(noise):
    values = Values(frozenset({NUT, "Quillon", "9990000018"}), 0)
    assert Hunt(values).found_in([noise]) == (0, len(noise))


def test_a_value_that_lies_across_two_pieces_is_found(tmp_path):
    from issuer.store import raw  # noqa: PLC0415

    hunt = Hunt(Values(frozenset({NUT}), 0))
    path = tmp_path / "log"
    for before in (raw.PIECE - 1, raw.PIECE - 20, raw.PIECE - len(NUT)):
        path.write_bytes(b"." * before + NUT.encode() + b"." * 10)
        assert hunt.found_in(raw.file_pieces(path, overlap=hunt.longest))[0] == 1


def test_what_proves_nothing_is_not_looked_for():
    texts = ["active", "confirmed", "12345", "1234567", "http://snomed.info/sct", "2026-10-30"]
    texts += ["AllergySummary", "Example Surgery", "short", NUT, "9990000018", "1958-07-14"]
    values = Values.of(texts, own=["Example Surgery"], now=NOW)
    assert values.wanted == {NUT, "9990000018", "1958-07-14"}
    assert values.passed_over == len(texts) - 3


def test_an_nhs_number_is_found_as_people_write_it():
    hunt = Hunt(Values(frozenset({"9990000018"}), 0))
    assert hunt.found_in([b"NHS No. 999 000 0018"])[0] == 1


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, on_sqlite(tmp_path))
    yield made
    made.issuer.store.close()


def test_after_everything_was_collected_nothing_is_left(make_site):
    site = make_site()
    made = service.offer_bundle(site.issuer, client="practice", bundle=OWN)
    values, hunt = hunt_for(site.issuer, OWN)
    assert {NUT, "Zephyrine-Østergård", NUMBER, "1931-03-09"} <= values.wanted
    assert found(site.issuer, hunt) == {}
    wallet = Wallet(site, made)
    wallet.ask_token()
    for name in made.record_types:
        answer = wallet.ask_credential(name)
        assert answer.status == 200, answer.body
        assert found(site.issuer, hunt) == {}
    site.pass_time(minutes=20)
    service.sweep(site.issuer)
    assert found(site.issuer, hunt) == {}


def test_a_value_in_the_database_would_be_found(make_site):
    site = make_site()
    hunt = Hunt(Values(frozenset({LEFT.decode()}), 0))
    from issuer.store import spent  # noqa: PLC0415

    with site.issuer.store.writing() as tx:
        spent.secret(tx, "left behind", lambda: b64url_encode(b"x" + LEFT).encode())
    where = found(site.issuer, hunt)
    assert len(where) == 1
    assert any(name in next(iter(where)) for name in ("issuer.sqlite", "table public.secrets"))


def _killed(folder, bundles):
    """An issuer that was killed while records waited; its log, and its key."""
    private = folder / "private"
    private.mkdir()
    log = folder / "stderr.log"
    with log.open("wb") as stderr:
        worker = subprocess.Popen(
            [sys.executable, str(HERE / "holding_worker.py"), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=private,
            env=os.environ
            | {"TMPDIR": str(private), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
    try:
        worker.stdin.write("\n".join(map(str, bundles)).encode())
        worker.stdin.close()
        key = worker.stdout.readline().decode().strip()
        assert key, log.read_text()
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
    return key, (private, log)


def nothing_is_left(tmp_path, files):
    key, places = _killed(tmp_path, files)
    values = {
        "iss": "https://issuer.example",
        "ods": "A12345",
        "name": "Example Surgery",
        "key": key,
        "x5c": tmp_path / "x5c.pem",
        "database": tmp_path / "issuer.sqlite",
        "api_keys": tmp_path / "keys.json",
    }
    times = [NOW]
    issuer = open_issuer(Settings(**values), clock=lambda: times[0], random=os.urandom)
    try:
        wanted, hunt = hunt_for(issuer, *(Path(file).read_bytes() for file in files))
        assert len(wanted.wanted) > 5
        assert found(issuer, hunt, *places) == {}
        times[0] = NOW + timedelta(hours=2)
        assert service.sweep(issuer) >= len(files)
        assert found(issuer, hunt, *places) == {}
    finally:
        issuer.store.close()


def own_file(tmp_path):
    folder = tmp_path.parent / f"{tmp_path.name}-bundles"  # where the worker does not write
    folder.mkdir()
    (folder / "own.json").write_bytes(OWN)
    return folder / "own.json"


def test_an_issuer_that_is_killed_while_records_wait_leaves_nothing(tmp_path):
    nothing_is_left(tmp_path, [own_file(tmp_path)])


def test_on_postgresql_no_file_of_the_server_holds_anything_either(tmp_path, postgresql):
    changes = {"database": None, "database_url": postgresql.issuer_database()}
    site = Site(tmp_path, changes)
    _, hunt = hunt_for(site.issuer, OWN)
    wallet = Wallet(site, service.offer_bundle(site.issuer, client="practice", bundle=OWN))
    wallet.ask_token()
    assert wallet.ask_credential("PatientIdentity").status == 200
    # Tables, write-ahead log, log: all that a server leaves, read from below.
    assert found(site.issuer, hunt, postgresql.folder) == {}
    site.issuer.store.close()


@pytest.mark.shared
def test_nor_does_it_of_published_patients(tmp_path):
    nothing_is_left(tmp_path, [shared("fhir", *parts) for parts in SHARED])


@pytest.fixture
def command(tmp_path, site):
    site.issuer.store.close()
    config = config_file(tmp_path, site.settings)
    (tmp_path / "own.json").write_bytes(OWN)

    def run(*arguments, typed=""):
        asked = ["erased", *map(str, arguments), "--no-temp", "--config", str(config)]
        return CliRunner().invoke(app, asked, input=typed)

    return run


def test_the_command_names_places_and_no_value(command, tmp_path):
    clean = command(tmp_path / "own.json")
    assert (clean.exit_code, clean.stdout) == (0, ""), clean.output
    log = tmp_path / "logs" / "issuer.log"
    log.parent.mkdir()
    log.write_text(f'{{"event": "failed", "why": {json.dumps(NUT)}}}')
    told = command(tmp_path / "own.json", "--also", log.parent)
    assert (told.exit_code, told.stdout) == (1, f"FOUND 1  {log}\n")
    for value in (NUT, "Quillon", NUMBER, "peanut"):
        assert value not in told.output
    rows = json.loads(command(tmp_path / "own.json", "--also", log, "--json").stdout)
    assert [(row["place"], row["found"]) for row in rows["places"] if row["found"]] == [
        (str(log), 1)
    ]


def test_values_may_come_on_standard_input(command, tmp_path):
    log = tmp_path / "core.1234"  # what a crash leaves beside the database
    log.write_bytes(b"\x7fELF" + NUT.encode())
    told = command("-", typed=f"{NUT}\nshort\n")
    assert (told.exit_code, told.stdout) == (1, f"FOUND 1  {log}\n")


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        (("-",), "short\n", "erased.nothing"),
        (("-",), "", "erased.nothing"),
        (("missing.json",), "", "erased.unread"),
        (("issuer.toml",), "", "fhir.not_json"),
    ],
)
def test_what_cannot_be_looked_for_is_no_proof(command, tmp_path, arguments, typed, code):
    named = [one if one == "-" else tmp_path / one for one in arguments]
    result = command(*named, typed=typed)
    assert result.exit_code == 1
    assert result.exception.code == code


def test_a_place_that_cannot_be_read_is_no_proof(command, tmp_path):
    told = command(tmp_path / "own.json", "--also", tmp_path / "missing.log")
    assert (told.exit_code, told.stdout) == (1, f"UNREAD  {tmp_path / 'missing.log'}\n")


def test_a_server_that_crashes_leaves_no_image_of_its_memory():
    asked = (
        "import resource; from issuer.cli.memory import no_memory_images; no_memory_images();"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked],
        check=True,
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
    )
    assert told.stdout == "0\n"
