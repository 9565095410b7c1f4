"""Attacks on status lists (attacks.json, category status-list), each under its own id."""

import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from healthpassport.encoding import b64url_encode
from healthpassport.errors import JoseError, PassportError, StatusError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.status import token_status_list as tsl
from healthpassport.status.freshness import MAX_TTL, MIN_TTL

URI = "https://issuer.example/status/1"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SIGNER = generate_signer()
LIST = bytes(range(64))


def token(*, header=None, signer=SIGNER, lst=None, **claims):
    content = {
        "iss": "https://issuer.example",
        "sub": URI,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(days=1)).timestamp()),
        "ttl": 300,
        "status_list": {"bits": 2, "lst": b64url_encode(lst or zlib.compress(LIST))},
    }
    return jws.sign(
        header={"alg": "ES256", "typ": "statuslist+jwt"} | (header or {}),
        payload=content | claims,
        signer=signer,
    )


def read(text, *, now=NOW, **more):
    return tsl.read(text, expected_uri=URI, keys=[SIGNER.public_key], now=now, **more)


def refused(code, text, **more):
    with pytest.raises(PassportError) as caught:
        read(text, **more)
    assert caught.value.code == code


def test_sta_001_an_expired_list_is_refused():
    refused("status.expired", token(exp=int(NOW.timestamp()) - 61))
    held = read(token())
    with pytest.raises(StatusError) as caught:
        held.require_current(now=NOW + timedelta(days=1, seconds=61))
    assert caught.value.code == "status.expired"


def test_sta_002_a_key_of_somebody_else_is_refused():
    refused("status.signer", token(signer=generate_signer()))


def test_sta_002_a_key_that_the_header_brings_along_is_refused():
    other = generate_signer()
    text = token(signer=other, header={"kid": SIGNER.public_key.thumbprint()})
    refused("status.signer", text)


def test_sta_003_a_list_of_another_address_is_refused():
    refused("status.sub_mismatch", token(sub="https://issuer.example/status/2"))


@pytest.mark.parametrize(
    "index", [256, 257, 2**63, -1, "5", 1.5, None, True, [1]], ids=lambda i: f"sta-004-{i}"
)
def test_sta_004_an_index_outside_the_list_is_refused(index):
    held = read(token())
    assert held.list.size == 256
    with pytest.raises(StatusError) as caught:
        held.get(index)
    assert caught.value.code == "status.index"


@pytest.mark.parametrize(
    "typ", ["dc+sd-jwt", "JWT", "statuslist+cwt", "application/statuslist+jwt", "STATUSLIST+JWT"]
)
def test_sta_008_a_token_of_another_type_is_refused(typ):
    refused("jws.typ", token(header={"typ": typ}))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_sta_009_a_token_that_chooses_its_algorithm_is_refused(algorithm):
    body = token().split(".")[1]
    header = {"alg": algorithm, "typ": "statuslist+jwt"}
    head = b64url_encode(json.dumps(header).encode())
    signature = "" if algorithm == "none" else b64url_encode(b"\1" * 32)
    with pytest.raises(JoseError) as caught:
        read(f"{head}.{body}.{signature}")
    assert caught.value.code == "jws.alg_not_allowed"


def test_sta_010_an_older_list_after_a_newer_is_refused():
    newer = read(token())
    older = read(token(iat=int(NOW.timestamp()) - 1))
    with pytest.raises(StatusError) as caught:
        tsl.refuse_rollback(previous=newer, current=older)
    assert caught.value.code == "status.rollback"


def test_sta_011_the_same_list_served_for_ever_grows_stale():
    frozen = token()
    policy = timedelta(hours=12)
    read(frozen, now=NOW + timedelta(hours=11), max_age=policy)
    refused("status.stale", frozen, now=NOW + timedelta(hours=13), max_age=policy)


@pytest.mark.parametrize("status", [1, 2, 0x0F], ids=lambda s: f"sta-012-{s:#04x}")
def test_sta_012_every_status_but_valid_is_refused(status):
    listed = tsl.build(bits=4, size=64, entries=[(9, status)])
    with pytest.raises(StatusError) as caught:
        tsl.require_valid(listed.get(9))
    assert caught.value.code == ("status.suspended" if status == 2 else "status.revoked")


@pytest.mark.parametrize("claims", [{}, {"status": {}}, {"status": None}, {"status": "0"}])
def test_sta_013_a_record_without_status_is_refused(claims):
    with pytest.raises(StatusError) as caught:
        tsl.reference(claims)
    assert caught.value.code == "status.missing"


def broken_streams():
    whole = zlib.compress(LIST)
    raw = zlib.compressobj(wbits=-15)
    gzip = zlib.compressobj(wbits=31)
    return {
        "truncated": whole[:-5],
        "without-checksum": whole[:-4],
        "trailing-garbage": whole + b"\0",
        "two-streams": whole + whole,
        "wrong-adler32": whole[:-1] + bytes([whole[-1] ^ 1]),
        "raw-deflate": raw.compress(LIST) + raw.flush(),
        "gzip": gzip.compress(LIST) + gzip.flush(),
    }


@pytest.mark.parametrize("name", broken_streams(), ids=lambda n: f"sta-018-{n}")
def test_sta_018_a_stream_that_is_not_one_whole_zlib_stream_is_refused(name):
    refused("status.decode", token(lst=broken_streams()[name]))


def test_sta_017_a_ttl_out_of_bounds_is_refused_or_clamped():
    refused("status.ttl", token(ttl=0))
    refused("status.ttl", token(ttl=-1))
    assert read(token(ttl=2**53 - 1)).refresh_at(NOW) == NOW + MAX_TTL
    assert read(token(ttl=1)).refresh_at(NOW) == NOW + MIN_TTL


def test_sta_019_a_list_held_too_long_without_network_is_never_silently_valid():
    held = read(token(exp=int((NOW + timedelta(days=30)).timestamp())))
    held.require_current(now=NOW + timedelta(hours=23), max_age=timedelta(days=1))
    with pytest.raises(StatusError) as caught:
        held.require_current(now=NOW + timedelta(hours=25), max_age=timedelta(days=1))
    assert caught.value.code == "status.stale"


def test_sta_023_a_withdrawal_is_seen_in_the_next_list():
    before = read(token())
    listed = tsl.build(bits=2, size=256, entries=[(7, tsl.WITHDRAWN)])
    after = read(token(lst=tsl.compress(listed.data), iat=int(NOW.timestamp()) + 1))
    tsl.refuse_rollback(previous=before, current=after)
    with pytest.raises(StatusError) as caught:
        tsl.require_valid(after.get(7))
    assert caught.value.code == "status.revoked"
