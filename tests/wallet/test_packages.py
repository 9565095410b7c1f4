"""What a helper's wallet takes: a package for it, whole, signed by the owner, once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from lending_world import add, lent, record, refused

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import PassportError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from wallet.handing import invite, package, seal_package
from wallet.service.gifts import owner_signer, read_invitations


def nothing_kept(helper):
    return all(one.until is None for one in helper.people.list())


def test_a_package_for_another_key_is_refused(world, given, helper, tmp_path):
    other = world.wallet(tmp_path / "other")
    with refused("helper.not_for_you"):
        other.helpers.look(given)
    other.helpers.invite("Other")
    with refused("helper.not_for_you"):
        other.helpers.look(given)
    other.close()
    helper.helpers.look(given)


def test_a_package_is_kept_once(given, helper):
    received = helper.helpers.look(given)
    helper.helpers.keep(received)
    for use in (lambda: helper.helpers.look(given), lambda: helper.helpers.keep(received)):
        with refused("helper.not_for_you"):
            use()


@pytest.mark.parametrize("place", [0, 3, 17, 40, 60, 2000, -1])
def test_an_altered_package_is_refused(given, helper, place):
    octets = bytearray(b64url_decode(given.removeprefix(package.PREFIX)))
    octets[place] ^= 1
    with pytest.raises(PassportError) as error:
        helper.helpers.look(package.PREFIX + b64url_encode(bytes(octets)))
    assert error.value.code in {"helper.package", "helper.not_for_you"}
    assert nothing_kept(helper)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[: len(text) // 2], "helper.package"),
        (lambda text: text[: len(package.PREFIX) + 24], "helper.package"),
        (lambda _text: "", "helper.package"),
        (lambda _text: "hp-helper-invitation:AAAA", "helper.package"),
        (lambda text: text + "=", "helper.package"),
        (lambda text: text + "A" * 2_000_000, "helper.too_much"),
        (lambda text: text + "A" * 1_100_000, "helper.too_much"),
        (lambda text: " " * 2_000_000 + text, "helper.too_much"),
    ],
)
def test_what_is_no_whole_package_is_refused(given, helper, change, code):
    with refused(code):
        helper.helpers.look(change(given))
    assert nothing_kept(helper)


def test_spaces_of_a_mail_program_do_no_harm(given, helper):
    lines = "\r\n".join(given[start : start + 76] for start in range(0, len(given), 76))
    assert helper.helpers.look(lines).lines[0].label == "Allergies"


def sealed_anew(owner, helper, *, signer=None, change=None, invitation=None, to=None):
    """A package as an attacker could make who saw the invitation; ``change`` alters its claims."""
    (_, own), *_ = read_invitations(helper._vault)
    asked = invitation or own.invitation
    signer = signer or owner_signer(owner._vault)
    vault = owner._vault
    stored = json.loads(vault.read("copies", vault.rows("copies")[0]))
    key = package.signer_from_private_jwk(stored["key"])
    handed = package.HandedRecord("dc+sd-jwt", (package.HandedCopy(stored["text"], key),))
    now = owner._around.clock()
    real = jws.sign

    def bent(*, header, payload, signer):
        claims = dict(payload)
        if change:
            header = change(claims) or header
        return real(header=header, payload=claims, signer=signer)

    package.jws.sign = bent
    try:
        return seal_package(
            [handed], invitation=to or asked, owner=signer, made=now, until=now + timedelta(days=9)
        )
    finally:
        package.jws.sign = real


def test_what_the_tests_make_themselves_is_sound_until_it_is_bent(owner, helper):
    helper.helpers.invite("Mair")
    assert helper.helpers.look(sealed_anew(owner, helper)).lines


def test_a_package_that_somebody_else_signed_is_refused(owner, helper):
    helper.helpers.invite("Mair")
    mine = owner_signer(owner._vault).public_key.jwk()
    forged = sealed_anew(
        owner, helper, signer=generate_signer(), change=lambda c: c.update({"from": mine})
    )
    with refused("helper.not_signed"):
        helper.helpers.look(forged)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: {"typ": "jwt"}, "helper.not_signed"),
        (lambda c: c.update({"from": {}}), "helper.package"),
        (lambda c: c.update({"from": "x"}), "helper.package"),
        (lambda c: c.update({"v": 2}), "helper.package"),
        (lambda c: c.update({"more": 1}), "helper.package"),
        (lambda c: c.pop("until") and None, "helper.package"),
        (lambda c: c.update({"until": "soon"}), "helper.package"),
        (lambda c: c.update({"until": True}), "helper.package"),
        (lambda c: c.update({"until": 10**18}), "helper.package"),
        (lambda c: c.update({"until": c["made"] + 400 * 86400}), "helper.package"),
        (lambda c: c.update({"made": c["made"] + 3600}), "helper.package"),
        (lambda c: c.update({"until": c["made"] - 60}), "helper.ended"),
        (lambda c: c.update({"invitation": "AAAA"}), "helper.not_for_you"),
        (lambda c: c.update({"to": "AAAA"}), "helper.not_for_you"),
        (lambda c: c.update({"records": []}), "helper.package"),
        (lambda c: c.update({"records": c["records"] * 31}), "helper.package"),
        (lambda c: c.update({"records": {}}), "helper.package"),
        (lambda c: c["records"][0].update({"format": "mso_mdoc"}), "helper.package"),
        (lambda c: c["records"][0].update({"copies": []}), "helper.package"),
        (lambda c: c["records"][0].update({"copies": c["records"][0]["copies"] * 11}),
         "helper.package"),
        (lambda c: c["records"][0]["copies"][0].pop("key") and None, "helper.package"),
        (lambda c: c["records"][0]["copies"][0].update({"key": {"kty": "EC"}}), "helper.package"),
        (lambda c: c["records"][0]["copies"][0].update({"key": generate_signer().private_jwk()}),
         "wallet.credential_rejected"),
        (lambda c: c["records"][0]["copies"][0].update({"text": "a~"}),
         "wallet.credential_rejected"),
        (lambda c: c["records"][0]["copies"][0].update({"text": 1}), "helper.package"),
    ],
)  # fmt: skip
def test_what_an_owner_signed_must_be_sound_too(owner, helper, change, code):
    helper.helpers.invite("Mair")
    with refused(code):
        helper.helpers.look(sealed_anew(owner, helper, change=change))
    assert nothing_kept(helper)


def test_a_package_that_was_passed_on_is_refused(owner, helper, world, tmp_path):
    """Somebody opens a package that was for them and seals it again for another invitation."""
    helper.helpers.invite("Mair")
    (_, own), *_ = read_invitations(helper._vault)
    elsewhere = invite("Other", now=world.world.clock(), random=helper._around.random)
    passed_on = sealed_anew(
        owner,
        helper,
        change=lambda c: c.update(
            {
                "invitation": b64url_encode(elsewhere.invitation.id),
                "to": b64url_encode(elsewhere.invitation.key),
            }
        ),
        to=own.invitation,
    )
    with refused("helper.not_for_you"):
        helper.helpers.look(passed_on)


def test_records_of_another_wallet_do_not_join_those_of_the_first(world, owner, helper, tmp_path):
    lent(owner, helper)
    thief = world.wallet(tmp_path / "thief")
    add(world, thief)
    gift = thief.helpers.give(helper.helpers.invite("Mair").text, [thief.part(record(thief))])
    with refused("helper.other_owner"):
        helper.helpers.look(gift.package)
    thief.close()
