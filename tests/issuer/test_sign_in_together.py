"""Sign-ins on each database, of several at once; the command and the doctor of sign-ins."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from issuer_config import told
from sign_in_world import Asking, SignInSite
from simulated_issuer import refused
from typer.testing import CliRunner

from issuer import service
from issuer.cli import app
from issuer.store import offers, sign_ins


@pytest.fixture
def site(tmp_path, database):
    made = SignInSite(tmp_path, database)
    yield made
    made.issuer.store.close()


def test_of_many_who_show_one_code_at_once_none_keeps_anything(site):
    wallet = Asking(site)
    code = wallet.code()
    proofs = [[("dpop", wallet.dpop("/token"))] for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: wallet.redeem(code, headers=one), proofs))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]
    wallet.token = next(a.json()["access_token"] for a in answers if a.status == 200)
    assert wallet.collect().status == 401
    assert [grant.state.value for grant in service.all_grants(site.issuer)] == ["revoked"]


def test_a_request_is_taken_up_by_one_browser_and_swept_when_it_is_old(site):
    wallet = Asking(site)
    uri = wallet.push().json()["request_uri"]
    others = [Asking(site) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda one: one.begin(uri), others))
    assert sorted(answer.status for answer in answers) == [303, 400, 400]
    (begun,) = [o for o, a in zip(others, answers, strict=True) if a.status == 303]
    begun.sign_in()
    site.pass_time(minutes=16)
    service.sweep(site.issuer)
    with site.issuer.store.reading() as tx:
        assert sign_ins.under_way(tx) == 0
        assert offers.overdue(tx, site.issuer.now(), limit=9) == ()
    refused(begun.redeem("x"), "invalid_grant")


def config_of(folder, **changes):
    site = SignInSite(folder, {"certified_at": datetime.now(UTC), **changes})
    site.issuer.store.close()
    named = {k: v for k, v in site.settings.model_dump(mode="json").items() if k in site.changes}
    every = named | told(site.settings)
    path = folder / "issuer.toml"
    path.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in every.items() if v is not None))
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_makes_an_offer_without_a_pin(tmp_path):
    config = config_of(tmp_path)
    made = run(
        *("offers", "create", "--source", "a.json", "--sign-in", "--json"), "--config", config
    )
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert "pin" not in told
    assert told["link"].startswith("openid-credential-offer://")
    said = run("offers", "create", "--source", "a.json", "--sign-in", "--config", config)
    assert "signs in" in said.stderr
    assert "PIN" not in said.stderr


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"wallet_attestation": "sign_in"}, "no wallet provider is trusted"),
        ({"wallet_clients": None}, "no wallet is known"),
        ({}, "patient.offline"),
    ],
)
def test_the_doctor_says_what_a_sign_in_lacks(tmp_path, changes, wrong):
    result = run("doctor", "--config", config_of(tmp_path, **changes))
    assert "WRONG  patient sign-in" in result.stdout
    assert wrong in result.stderr
