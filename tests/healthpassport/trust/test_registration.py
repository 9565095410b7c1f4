from __future__ import annotations

from datetime import timedelta

import pytest
from simulated_trust import HASH, NOW, encoded, wire_list

from healthpassport.errors import TrustError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.trust import registration
from healthpassport.trust.model import TrustList

ISSUER, REGISTRAR = generate_signer(), generate_signer()
LIST = TrustList.parse(encoded(wire_list(ISSUER, REGISTRAR)))
ENTRY = LIST.verifiers[0]
CLIENT = f"x509_hash:{HASH}"


def issued(**changes) -> str:
    arguments = {"signer": REGISTRAR, "issued_at": NOW, **changes}
    return registration.issue(ENTRY, "emergency", **arguments)


def forged(*, typ: str = registration.TYP, signer=REGISTRAR, **changes) -> str:
    """A registration of the right shape, but for ``changes`` (None takes a member away)."""
    claims = {
        "sub": CLIENT,
        "name": "Example Hospital",
        "ods": "RX123",
        "purpose": "emergency",
        "retention": "x",
        "claims": {"AllergySummary": ["items.unit"]},
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 1000,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jws.sign(header={"typ": typ}, payload=kept, signer=signer)


def verify(token: str, **changes) -> registration.Registration:
    arguments = {"trust_list": LIST, "client_id": CLIENT, "now": NOW, **changes}
    return registration.verify(token, **arguments)


def refusal(token: str, **changes) -> str:
    with pytest.raises(TrustError) as caught:
        verify(token, **changes)
    return caught.value.code


def test_what_the_registrar_signed_is_read_again():
    found = verify(issued())
    assert found.name == "Example Hospital"
    assert found.purpose == "emergency"
    assert found.claims == {"AllergySummary": ("items.unit",)}
    assert found.expires_at == ENTRY.not_after


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(forged(signer=ISSUER), id="another key"),
        pytest.param(forged(signer=generate_signer("EdDSA")), id="another algorithm"),
        pytest.param(forged(typ="JWT"), id="another typ"),
        pytest.param(issued()[:-2], id="cut off"),
        pytest.param("a.b.c", id="no token"),
        pytest.param("", id="empty"),
        pytest.param(forged(name=None), id="no name"),
        pytest.param(forged(ods=5), id="ods is a number"),
        pytest.param(forged(retention=""), id="no retention"),
        pytest.param(forged(claims=None), id="no claims"),
        pytest.param(forged(claims={}), id="empty claims"),
        pytest.param(forged(claims={"AllergySummary": "items"}), id="claims are a text"),
        pytest.param(forged(exp=None), id="no exp"),
        pytest.param(forged(iat=None), id="no iat"),
        pytest.param(forged(exp="soon"), id="exp is a text"),
        pytest.param(forged(iat=int(NOW.timestamp()) + 3600), id="from the future"),
        pytest.param(forged(sub="x509_hash:" + "B" * 43), id="of somebody else"),
    ],
)
def test_a_registration_that_is_not_genuine_is_refused(token):
    assert refusal(token) == "trust.registration"


def test_a_registration_is_bound_to_the_certificate():
    assert refusal(issued(), client_id="x509_hash:" + "C" * 43) == "trust.registration"


def test_an_expired_registration_is_refused():
    assert refusal(issued(), now=ENTRY.not_after + timedelta(minutes=2)) == (
        "trust.registration_expired"
    )


def test_another_purpose_is_refused_even_when_signed():
    assert refusal(forged(purpose="marketing")) == "trust.purpose"
