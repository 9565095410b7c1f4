"""Attack sta-014 on a record of ours: the other kind of status list is never taken for this one.

A record in SD-JWT VC form points to a token status list. A pointer to a bitstring list, or a list
of that kind in place of a token list, is a refusal whatever it holds, and never "valid".
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from healthpassport.encoding import dump_json
from healthpassport.errors import PassportError, StatusError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.status import token_status_list

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
URI = "https://issuer.example/bitstring/1"
SIGNER = generate_signer()
ENTRY = {
    "id": f"{URI}#7",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "7",
    "statusListCredential": URI,
}
ENTRIES = [
    pytest.param(ENTRY, id="sta-014-as-published"),
    pytest.param(ENTRY | {"statusPurpose": "suspicion"}, id="sta-014-wrong-purpose"),
    pytest.param(ENTRY | {"statusPurpose": "refresh"}, id="sta-014-refresh-only"),
]
LISTS = [
    pytest.param(
        "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA", id="sta-014-list"
    ),
    pytest.param(
        "H4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA", id="sta-014-no-u"
    ),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_record_that_points_only_to_a_bitstring_list_has_no_status(entry):
    for claims in (
        {"credentialStatus": entry},
        {"status": entry},
        {"status": {"bitstring": entry}},
    ):
        with pytest.raises(StatusError) as caught:
            token_status_list.reference(claims)
        assert caught.value.code == "status.missing"


@pytest.mark.parametrize("encoded", LISTS)
def test_a_bitstring_list_is_not_read_as_a_token_list(encoded):
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "https://issuer.example",
        "credentialSubject": {
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded,
        },
    }
    signed = jws.sign(
        header={"alg": "ES256", "typ": "statuslist+jwt"}, payload=credential, signer=SIGNER
    )
    for text in (signed, dump_json(credential).decode()):
        with pytest.raises(PassportError):
            token_status_list.read(text, expected_uri=URI, keys=[SIGNER.public_key], now=NOW)
