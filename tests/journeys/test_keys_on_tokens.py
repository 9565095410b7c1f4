"""Records, status lists, questions and receipts that are signed on tokens (SoftHSM2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from authority_world import KDF_FLOOR, Authority, Passphrases
from desk_world import (
    DESK_HOST,
    ISS,
    RECORD_TYPES,
    STATUS_URI,
    TRUST_URL,
    desk_settings,
    full_wallet,
    handle_of,
    make_desk,
    make_world,
    opened,
    post,
)
from simulated_issuer import NOW, Site
from simulated_issuer import Wallet as IssuersWallet
from tokens import tokens
from typer.testing import CliRunner

from healthpassport import receipts
from healthpassport.credential import Challenge, Verdict
from healthpassport.errors import SettingsError
from healthpassport.jose import jws
from healthpassport.keys import load_signer
from healthpassport.keys.pkcs11.signing import TokenSigner
from healthpassport.keys.requests import certificate_request
from healthpassport.status import token_status_list
from issuer.service.bitstrings import published_bitstring
from issuer.service.token_lists import list_uri, published_list
from verifier.cli.commands import app
from verifier.service.key_fit import key_fit


@pytest.fixture(scope="module")
def on_tokens(tmp_path_factory):
    """A world whose issuer and desk sign on tokens, certified by the authority, and the desk."""
    folder = tmp_path_factory.mktemp("world")
    plain = make_world(folder)
    now = datetime.now(UTC)
    issuer = load_signer(tokens().make("practice", "records"))
    uri = tokens().make("desk", "questions")
    desk_signer = load_signer(uri)
    certificate = plain.authority.add_issuer(
        iss=ISS,
        ods="A12345",
        name="Example Surgery",
        record_types=RECORD_TYPES,
        status_lists=[STATUS_URI],
        now=now,
        csr_pem=certificate_request(issuer, host="issuer.example"),
    )
    registered = plain.authority.add_verifier(
        ods="RXX02",
        name="Example Hospital",
        host=DESK_HOST,
        purposes=["emergency", "medicines_check"],
        now=now,
        csr_pem=certificate_request(desk_signer, host=DESK_HOST),
    )
    plain.authority.publish(folder / "published", now=now)
    world = replace(
        plain,
        issuer=issuer,
        issuer_chain=certificate.chain,
        registered=registered,
    )
    world.set_status()
    home = folder / "desk"
    return world, make_desk(world, home, key=uri), desk_settings(world, home, key=uri)


def test_a_desk_and_an_issuer_with_keys_on_tokens_do_the_whole_journey(on_tokens):
    world, desk, _ = on_tokens
    assert isinstance(desk.identity.signer, TokenSigner)
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    shown = wallet.presentation(request.query, Challenge(request.nonce, request.client_id))
    taken = post(desk, view, wallet.answer(request, presentation=shown))
    summary = desk.look(view.id, desk="ward").summary
    assert summary.verdict is Verdict.ACCEPTED, summary.codes
    assert receipts.read_unchecked(taken.receipt).organisation.ods == "RXX02"
    token = jws.parse(taken.receipt, max_bytes=receipts.MAX_RECEIPT)
    assert token.certificates()[0] == desk.identity.chain[0]
    assert handle_of(view.link)


def test_the_desks_key_certificate_registrations_and_entry_fit(on_tokens, tmp_path):
    _, desk, settings = on_tokens
    now = datetime.now(UTC)
    fit = key_fit(settings, now=now)
    assert (fit.client_id, fit.listed) == (desk.identity.client_id, True)
    assert not fit.ends_soon(now)
    assert fit.ends_soon(fit.ends)
    with pytest.raises(SettingsError, match=r"^verifier\.key_fit:"):
        key_fit(settings, now=fit.ends)


def test_registrations_of_an_earlier_certificate_are_told(on_tokens, tmp_path):
    world, _, settings = on_tokens
    now = datetime.now(UTC)
    earlier = world.authority.add_verifier(
        ods="RXX03",
        name="Earlier Hospital",
        host=DESK_HOST,
        purposes=["emergency"],
        now=now,
        jwk=world.holder.public_key.jwk(),
    )
    (tmp_path / "emergency.jwt").write_text(earlier.registrations["emergency"])
    with pytest.raises(SettingsError, match=r"^verifier\.key_fit:.*another certificate"):
        key_fit(settings.model_copy(update={"registrations": tmp_path}), now=now)
    (tmp_path / "emergency.jwt").write_text("no registration")
    with pytest.raises(SettingsError, match=r"^verifier\.key_fit:"):
        key_fit(settings.model_copy(update={"registrations": tmp_path}), now=now)


def test_an_issuer_signs_both_formats_and_both_kinds_of_status_list_on_its_token(tmp_path):
    uri = tokens().make("practice", "both-formats")
    signer = load_signer(uri)
    chain = _certified(signer, tmp_path)
    site = Site(tmp_path, {"key": uri, "x5c": chain, "formats": ("dc+sd-jwt", "ldp_vc")})
    for name in ("AllergySummary", "AllergySummary.ldp_vc"):
        wallet = IssuersWallet(site, site.offer(wanted=["AllergySummary"]))
        assert wallet.ask_token().status == 200
        answer = wallet.ask_credential(name, copies=2)
        assert answer.status == 200, answer.body
        assert len(answer.json()["credentials"]) == 2
    token_status_list.read(
        published_list(site.issuer, 1).text,
        expected_uri=list_uri(site.issuer, 1),
        keys=[signer.public_key],
        now=site.now,
    )
    assert "proof" in published_bitstring(site.issuer, 1).text


def _certified(signer, folder):
    authority = Authority(
        folder / "authority", Passphrases.same(b"correct horse battery"), kdf_cost=KDF_FLOOR
    )
    authority.init(name="Example Authority", now=NOW - timedelta(days=2))
    made = authority.add_issuer(
        iss=ISS,
        ods="A12345",
        name="Example Surgery",
        record_types=["AllergySummary"],
        status_lists=[STATUS_URI],
        now=NOW - timedelta(days=1),
        csr_pem=certificate_request(signer, host="issuer.example"),
    )
    (folder / "token-chain.pem").write_bytes(made.pem)
    return folder / "token-chain.pem"


def test_the_command_makes_a_desks_key_on_a_token(on_tokens, tmp_path, monkeypatch):
    _, _, settings = on_tokens
    uri = tokens().uri("desk", "made-by-command")
    monkeypatch.setenv("PASSPORT_VERIFIER_HOME", str(settings.home))
    monkeypatch.setenv("PASSPORT_VERIFIER_PUBLIC_URL", f"https://{DESK_HOST}")
    monkeypatch.setenv("PASSPORT_VERIFIER_TRUST_URL", TRUST_URL)
    csr = tmp_path / "desk.csr"
    monkeypatch.setenv("PASSPORT_VERIFIER_KEY", uri)
    for arguments in (["make", "--key", uri, "--csr", str(csr)], ["try-pin"]):
        done = CliRunner().invoke(app, ["signing-key", *arguments])
        assert done.exit_code == 0, (done.output, done.exception)
    assert "CERTIFICATE REQUEST" in csr.read_text()
    monkeypatch.setenv("PASSPORT_VERIFIER_KEY", settings.key)
    shown = CliRunner().invoke(app, ["signing-key", "show"])
    assert shown.stdout.startswith("x509_hash:")
