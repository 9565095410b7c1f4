"""An issuer's key in the course of time: changed with overlap, and one day lost.

The real authority, issuer and verification, all at times that the test sets.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from authority_world import KDF_FLOOR, Authority, Passphrases, Served
from simulated_issuer import Site, Wallet
from typer.testing import CliRunner
from verification_world import CHALLENGE, Desk

from healthpassport.encoding import dump_json
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import (
    generate_signer,
    load_signer,
    public_key_from_certificate,
    save_signer,
)
from healthpassport.keys.requests import certificate_request
from healthpassport.refresh import update_trust_list
from healthpassport.status.stored import StoredStatusList
from healthpassport.status.token_status_list import read
from healthpassport.trust.reading import read_trust_list
from issuer.cli import app
from issuer.service.key_list import ends_soon, key_rows
from issuer.service.token_lists import list_uri, published_list

ISS = "https://issuer.example"
NOW = datetime.now(UTC).replace(microsecond=0)  # the library of the trust list has its own clock
START = NOW - timedelta(days=10)
CHANGE = START + timedelta(days=5)
BELIEVED = ("items", None)
HOLDER = generate_signer()


class Course:
    """The authority and the issuer over some days, with a record of each key."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(
            folder / "authority", Passphrases.same(b"correct horse battery"), kdf_cost=KDF_FLOOR
        )
        self.authority.init(name="Example Authority", now=START)
        settings = {
            "trust_folder": folder / "copy",
            "trust_root": folder / "root.json",
            **self.certified("old", now=START),
            **{f"next_{k}": v for k, v in self.certified("new", now=START).items()},
            "next_key_from": CHANGE,
        }
        (folder / "root.json").write_bytes(self.authority.bootstrap_root)
        self.site = Site(folder, settings, now=START + timedelta(days=1))
        self.old = self.record()
        self.site.now = CHANGE + timedelta(days=1)
        self.new = self.record()

    def certified(self, name, *, now):
        signer = generate_signer()
        uri = save_signer(signer, self.folder / f"{name}.pem")
        certificate = self.authority.add_issuer(
            iss=ISS,
            ods="A12345",
            name="Example Surgery",
            record_types=["AllergySummary"],
            status_lists=[f"{ISS}/status/1"],
            now=now,
            csr_pem=certificate_request(load_signer(uri), host="issuer.example"),
        )
        (self.folder / f"{name}-chain.pem").write_bytes(certificate.pem)
        return {"key": uri, "x5c": self.folder / f"{name}-chain.pem"}

    def record(self):
        wallet = Wallet(self.site, self.site.offer(wanted=["AllergySummary"]))
        assert wallet.ask_token().status == 200
        answer = wallet.ask_credential(proofs=[wallet.proof(wallet.nonce(), signer=HOLDER)])
        return answer.json()["credentials"][0]["credential"]

    def verified(self, record):
        """What a desk makes of ``record`` at NOW, with the list that is published then."""
        self.site.now = NOW
        self.authority.publish(self.folder / "www", now=NOW)
        root = self.authority.bootstrap_root
        copy = self.folder / "copy"
        served = Served(self.folder / "www")
        update_trust_list(copy, url="https://authority.example", root=root, fetcher=served, now=NOW)
        view = read_trust_list(copy, root=root, now=NOW, max_age=timedelta(days=7))
        uri = list_uri(self.site.issuer, 1)
        keys = [key.public_key for key in view.trust_list.issuer(ISS).keys if key.valid_at(NOW)]
        held = read(published_list(self.site.issuer, 1).text, expected_uri=uri, keys=keys, now=NOW)
        found = Desk(()).verify(
            {"allergies": presented(record)},
            trust=view,
            now=NOW,
            status={uri: StoredStatusList(held, NOW, ISS)},
        )
        section = found.section("AllergySummary")
        return section.state.value, section.code


def presented(record):
    held = sd_jwt_vc.open_held(record)
    return sd_jwt_vc.present(
        held,
        disclose=frozenset(held.places),
        challenge=CHALLENGE,
        holder_signer=HOLDER,
        now=NOW,
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return Course(tmp_path_factory.mktemp("course"))


def thumbprint(course, name):
    return load_signer((course.folder / f"{name}.pem").as_uri()).public_key.thumbprint()


def test_each_record_is_signed_by_the_key_of_its_day_without_a_restart(course):
    signed = [
        public_key_from_certificate(sd_jwt_vc.parse(text).certificates()[0]).thumbprint()
        for text in (course.old, course.new)
    ]
    assert signed == [thumbprint(course, "old"), thumbprint(course, "new")]


def test_both_are_believed_after_the_change_and_after_the_old_key_ended(course):
    assert course.verified(course.old) == course.verified(course.new) == BELIEVED
    course.authority.end_key(ISS, thumbprint(course, "old"), now=NOW, at=NOW - timedelta(days=1))
    assert course.verified(course.old) == course.verified(course.new) == BELIEVED
    rows = key_rows(course.site.settings, now=NOW)
    assert [(row.signs, row.listed) for row in rows] == [("before", "ended"), ("now", "yes")]


def test_a_key_whose_time_is_nearly_up_is_told_until_another_follows(course):
    course.verified(course.old)
    settings = course.site.settings
    late = CHANGE - timedelta(days=1)
    early = key_rows(settings, now=late)
    assert ends_soon(early, now=late) is None
    assert [row.signs for row in early] == ["now", "next"]
    alone = settings.model_copy(update={"next_key": None, "next_x5c": None, "next_key_from": None})
    rows = key_rows(alone, now=late)
    assert ends_soon(rows, now=rows[0].certificate_ends - timedelta(days=29)) is not None


def test_nothing_of_a_compromised_key_is_believed_and_the_new_key_goes_on(course):
    course.authority.end_key(ISS, thumbprint(course, "old"), now=NOW, at=NOW, compromised=True)
    assert course.verified(course.old) == ("failed_check", "trust.key_compromised")
    assert course.verified(course.new) == BELIEVED
    rows = key_rows(course.site.settings, now=NOW)
    assert [row.listed for row in rows] == ["compromised", "yes"]


def test_the_commands_make_the_next_key_and_renew_the_present_one(course, tmp_path):
    config = tmp_path / "issuer.toml"
    dumped = course.site.settings.model_dump(mode="json", exclude_defaults=True)
    config.write_text("\n".join(f"{k} = {dump_json(v).decode()}" for k, v in dumped.items()))
    run = CliRunner().invoke
    shown = run(app, ["keys", "list", "--json", "--config", str(config)])
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.count('"thumbprint"') == 2
    out, csr = tmp_path / "next.pem", tmp_path / "next.csr"
    asked = ["--from", "2031-01-01", "--out", str(out), "--csr", str(csr), "--config", str(config)]
    made = run(app, ["keys", "rotate", *asked])
    assert made.exit_code == 0, made.output
    assert out.is_file()
    assert b"CERTIFICATE REQUEST" in csr.read_bytes()
    assert "PASSPORT_ISSUER_NEXT_KEY_FROM=2031-01-01T00:00:00Z" in made.stderr
    csr.unlink()
    assert run(app, ["keys", "renew", "--csr", str(csr), "--config", str(config)]).exit_code == 0
    assert csr.is_file()
