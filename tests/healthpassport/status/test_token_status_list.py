"""Status List Tokens: the published examples, round trips, freshness."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from bounded import within

from healthpassport.errors import JoseError, StatusError
from healthpassport.keys import generate_signer, public_key_from_jwk
from healthpassport.status import token_status_list as tsl
from healthpassport.status.freshness import MAX_TTL

URI = "https://issuer.example/status/1"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SIGNER = generate_signer()


def signed(entries=(), *, issued_at=NOW, signer=SIGNER, size=2**17, uri=URI, hours=24, ttl=300):
    return tsl.sign(
        tsl.build(bits=2, size=size, entries=entries),
        uri=uri,
        issuer="https://issuer.example",
        signer=signer,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(hours=hours),
        ttl=timedelta(seconds=ttl),
    )


def read(token, **changes):
    arguments = {"expected_uri": URI, "keys": [SIGNER.public_key], "now": NOW}
    return tsl.read(token, **(arguments | changes))


def test_the_published_tokens_are_read():
    folder = shared_folder()
    key = json.loads((folder / "example-key.jwk.json").read_text())
    public = {name: key[name] for name in ("kty", "crv", "x", "y")}
    examples = json.loads((folder / "jwt-examples.json").read_text())
    lists = [e for e in examples if e["header"]["typ"] == "statuslist+jwt"]
    assert len(lists) == 2
    for example in lists:
        held = tsl.read(
            example["token"],
            expected_uri=example["payload"]["sub"],
            keys=[public_key_from_jwk(public)],
            now=datetime(2023, 7, 1, tzinfo=UTC),
        )
        assert held.bits == 1
        assert held.list.data.hex() == "b9a3"
        assert held.ttl == timedelta(seconds=43200)


def test_the_published_referenced_token_points_to_its_entry():
    examples = json.loads((shared_folder() / "jwt-examples.json").read_text())
    example = next(e for e in examples if e["header"]["typ"] == "example+sd-jwt")
    found = tsl.reference(example["payload"])
    assert found == tsl.StatusReference("https://example.com/statuslists/1", 0)


def shared_folder():
    from shared_inputs import shared  # noqa: PLC0415 - skips only the tests that need it

    return shared("vectors", "token-status-list")


def test_a_signed_list_is_read_with_its_entries_and_times():
    held = read(signed([(5, tsl.WITHDRAWN), (6, tsl.SUSPENDED), (131_071, tsl.REPLACED)]))
    assert [held.get(i) for i in (4, 5, 6, 7, 131_071)] == [0, 1, 2, 0, 3]
    assert held.issued_at == NOW
    assert held.expires_at == NOW + timedelta(hours=24)
    assert held.refresh_at(NOW) == NOW + timedelta(seconds=300)


def test_any_key_that_the_issuer_may_use_will_do():
    other = generate_signer()
    assert read(signed(), keys=[other.public_key, SIGNER.public_key]).uri == URI


def test_no_key_at_all_is_no_signer():
    with pytest.raises(StatusError) as caught:
        read(signed(), keys=[])
    assert caught.value.code == "status.signer"


def claims_of(**changes):
    from healthpassport.encoding import b64url_encode  # noqa: PLC0415

    compressed = tsl.compress(b"\0" * 8)
    claims = {
        "iss": "https://issuer.example",
        "sub": URI,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
        "ttl": 300,
        "status_list": {"bits": 2, "lst": b64url_encode(compressed)},
    }
    claims |= changes
    return {name: value for name, value in claims.items() if value is not ...}


def token_of(**changes):
    from healthpassport.jose import jws  # noqa: PLC0415

    header = {"alg": "ES256", "typ": "statuslist+jwt"}
    return jws.sign(header=header, payload=claims_of(**changes), signer=SIGNER)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sub": ...}, "status.sub_mismatch"),
        ({"sub": URI + "/"}, "status.sub_mismatch"),
        ({"iat": ...}, "status.claims"),
        ({"iat": "1"}, "status.claims"),
        ({"iat": True}, "status.claims"),
        ({"iat": -1}, "status.claims"),
        ({"iat": 10**15}, "status.claims"),
        ({"iat": int(NOW.timestamp()) + 120}, "status.not_yet"),
        ({"nbf": int(NOW.timestamp()) + 120}, "status.not_yet"),
        ({"exp": "soon"}, "status.claims"),
        ({"exp": int(NOW.timestamp()) - 61}, "status.expired"),
        ({"ttl": 0}, "status.ttl"),
        ({"ttl": -5}, "status.ttl"),
        ({"ttl": "300"}, "status.ttl"),
        ({"ttl": True}, "status.ttl"),
        ({"status_list": ...}, "status.claims"),
        ({"status_list": []}, "status.claims"),
        ({"status_list": {"bits": 2}}, "status.claims"),
        ({"status_list": {"bits": 2, "lst": 5}}, "status.claims"),
        ({"status_list": {"bits": 3, "lst": ""}}, "status.bits"),
        ({"status_list": {"bits": True, "lst": ""}}, "status.bits"),
        ({"status_list": {"bits": 1.0, "lst": ""}}, "status.bits"),
        ({"status_list": {"lst": ""}}, "status.bits"),
        ({"status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ=="}}, "status.decode"),
        ({"status_list": {"bits": 1, "lst": ""}}, "status.decode"),
    ],
)
def test_a_list_with_a_wrong_claim_is_refused(changes, code):
    with pytest.raises(StatusError) as caught:
        read(token_of(**changes))
    assert caught.value.code == code


def test_a_list_without_exp_ttl_or_with_a_fraction_is_read():
    held = read(token_of(exp=..., ttl=..., iat=NOW.timestamp() + 0.5, nbf=int(NOW.timestamp())))
    assert held.expires_at is None
    assert held.ttl is None
    assert held.refresh_at(NOW) == NOW + MAX_TTL
    held.require_current(now=NOW + timedelta(days=900))


def test_a_list_older_than_the_policy_is_refused_when_it_is_read():
    with pytest.raises(StatusError) as caught:
        read(signed(issued_at=NOW - timedelta(hours=2)), max_age=timedelta(hours=1))
    assert caught.value.code == "status.stale"


def test_a_newer_list_takes_the_place_of_an_older():
    older, newer = read(signed()), read(signed(issued_at=NOW + timedelta(seconds=1)))
    tsl.refuse_rollback(previous=None, current=newer)
    tsl.refuse_rollback(previous=older, current=newer)
    tsl.refuse_rollback(previous=older, current=older)


def test_lists_of_two_addresses_do_not_roll_each_other_back():
    other = URI + "2"
    ahead = read(signed(uri=other, issued_at=NOW + timedelta(seconds=9)), expected_uri=other)
    tsl.refuse_rollback(previous=ahead, current=read(signed()))


def test_a_chain_is_carried_in_the_header_when_given():
    from healthpassport.encoding import b64url_decode  # noqa: PLC0415

    token = tsl.sign(
        tsl.build(bits=2, size=8),
        uri=URI,
        issuer="https://issuer.example",
        signer=SIGNER,
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        ttl=timedelta(seconds=60),
        x5c=[b"\0\0\0"],
    )
    header = json.loads(b64url_decode(token.split(".")[0]))
    assert header["x5c"] == ["AAAA"]
    assert header["typ"] == "statuslist+jwt"
    assert header["kid"] == SIGNER.public_key.thumbprint()


def test_an_altered_token_is_not_the_signers():
    token = signed()
    head, body, signature = token.split(".")
    swapped = "A" if signature[0] != "A" else "B"
    with pytest.raises((StatusError, JoseError)) as caught:
        read(f"{head}.{body}.{swapped}{signature[1:]}")
    assert caught.value.code == "status.signer"


def test_a_million_entries_are_built_compressed_and_signed_within_a_second():
    marked = [(i, 1) for i in range(0, 2**20, 100)]
    within(1, lambda: signed(marked, size=2**20))
