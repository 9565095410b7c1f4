"""The wallet modules of the OpenID Foundation's plan for OpenID4VP 1.0, as tests of our own.

One test for each module of ``oid4vp-1final-wallet-test-plan``, with its name, for x509_hash, signed
request_uri, direct_post.jwt and dc+sd-jwt. Two modules are for the browser API alone, which is out
of scope: multisigned-one-invalid-signature and negative-test-wrong-expected-origins.
"""

from __future__ import annotations

import pytest
from oidf_verifier import NONCE, REQUEST, RESPONSE, VCT, allergies, opened

from healthpassport.errors import PassportError
from healthpassport.keys import generate_signer


def shared(wallet, link):
    question = wallet.prepare(link)
    return wallet.share(question)


def refused(wallet, verifier, link, *codes):
    """The wallet shows an error and answers nothing."""
    with pytest.raises(PassportError) as caught:
        wallet.prepare(link)
    assert caught.value.code in codes
    assert not verifier.taken


def presented(verifier):
    answer = verifier.answer()
    ((name, (presentation,)),) = answer["vp_token"].items()
    return name, opened(presentation), answer


def test_oid4vp_1final_wallet_happy_flow(wallet, verifier):
    shared(wallet, verifier.ask())
    name, (payload, disclosures, binding), answer = presented(verifier)
    assert name == "allergies"
    assert "state" not in answer
    assert payload["vct"] == VCT.format("AllergySummary")
    assert (binding["nonce"], binding["aud"]) == (NONCE, verifier.identity.client_id)
    assert len(disclosures) == 4


def test_oid4vp_1final_wallet_alternate_happy_flow(wallet, verifier):
    metadata = verifier.claims()["client_metadata"]
    (key,) = metadata["jwks"]["keys"]
    del key["use"]
    verifier.reply = {"redirect_uri": "https://hospital.example/done#response_code=0915"}
    link = verifier.ask(
        state="s" * 64,
        nonce="n" * 43,
        iss="https://somebody.example",
        random_parameter="x" * 20,
        client_metadata=metadata,
    )
    head, _, query = link.partition("?")
    receipt = shared(wallet, f"{head}?{'&'.join(reversed(query.split('&')))}")
    _, (_, _, binding), answer = presented(verifier)
    assert (answer["state"], binding["nonce"]) == ("s" * 64, "n" * 43)
    assert receipt.redirect == "https://hospital.example/done#response_code=0915"


def test_oid4vp_1final_wallet_request_uri_method_post(wallet, verifier):
    shared(wallet, verifier.ask(link={"request_uri_method": "post"}))
    (fetch,) = verifier.fetched
    assert fetch.method == "POST"
    assert fetch.headers["Accept"] == "application/oauth-authz-req+jwt"
    assert b"wallet_nonce=" in fetch.body
    assert b"wallet_metadata=" in fetch.body
    assert presented(verifier)[0] == "allergies"


def test_oid4vp_1final_wallet_ignores_unusable_encryption_key(wallet, verifier):
    metadata = verifier.claims()["client_metadata"]
    good = metadata["jwks"]["keys"][0]
    unusable = [
        {"kty": "AKP", "alg": "ML-KEM-9999", "kid": "pq", "use": "enc", "pub": "AAAA"},
        {"kty": "made-up", "kid": "odd", "use": "enc"},
    ]
    metadata["jwks"] = {"keys": [*unusable, good]}
    shared(wallet, verifier.ask(client_metadata=metadata))
    assert presented(verifier)[0] == "allergies"


def test_oid4vp_1final_wallet_fewer_claims_than_available(wallet, verifier):
    shared(wallet, verifier.ask(dcql_query={"credentials": [allergies(["nhsNumber"])]}))
    _, (_, disclosures, _), _ = presented(verifier)
    assert [disclosure[1] for disclosure in disclosures] == ["nhsNumber"]


MISSING = {
    "id": "other",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": [VCT.format("PregnancyStatus")]},
    "claims": [{"path": ["nhsNumber"]}],
}


def sets(*, required):
    return {
        "credentials": [allergies(), MISSING],
        "credential_sets": [
            {"options": [["allergies"]]},
            {"options": [["other"]], "required": required},
        ],
    }


def test_oid4vp_1final_wallet_optional_credential_set(wallet, verifier):
    shared(wallet, verifier.ask(dcql_query=sets(required=False)))
    assert set(verifier.answer()["vp_token"]) == {"allergies"}


def test_oid4vp_1final_wallet_no_claims_in_dcql_query(wallet, verifier):
    query = allergies()
    del query["claims"]
    shared(wallet, verifier.ask(dcql_query={"credentials": [query]}))
    _, (payload, disclosures, binding), _ = presented(verifier)
    assert disclosures == []
    assert payload["itemCount"] == 2
    assert binding["nonce"] == NONCE


def test_oid4vp_1final_wallet_negative_test_response_uri_not_client_id(wallet, verifier):
    """The module leaves x509 out, for which the specification sets no rule; ours does."""
    link = verifier.ask(response_uri="https://other.example/response")
    refused(wallet, verifier, link, "request.response_uri")


def test_oid4vp_1final_wallet_negative_test_invalid_request_object_signature(wallet, verifier):
    def broken(claims):
        token = verifier.sign(claims)
        return token[:-2] + ("AA" if token[-2:] != "AA" else "BB")

    refused(wallet, verifier, verifier.ask(sign=broken), "jws.signature", "b64.not_canonical")


def test_oid4vp_1final_wallet_negative_test_mismatched_client_id(wallet, verifier):
    link = verifier.ask(link={"client_id": "x509_san_dns:localhost"})
    refused(wallet, verifier, link, "request.client_id")


def test_oid4vp_1final_wallet_negative_test_redirect_uri_with_direct_post(wallet, verifier):
    link = verifier.ask(redirect_uri="https://localhost:9003/cb")
    refused(wallet, verifier, link, "invalid_request")


def test_oid4vp_1final_wallet_negative_test_missing_nonce(wallet, verifier):
    refused(wallet, verifier, verifier.ask(nonce=...), "request.nonce")


def test_oid4vp_1final_wallet_negative_test_invalid_client_id_prefix(wallet, verifier):
    name = f"invalid_scheme:{verifier.identity.client_id}"
    refused(wallet, verifier, verifier.ask(client_id=name), "request.client_id_prefix")
    assert not verifier.fetched


def test_oid4vp_1final_wallet_negative_test_unknown_transaction_data_type(wallet, verifier):
    link = verifier.ask(transaction_data=["eyJ0eXBlIjoidW5rbm93biJ9"])
    refused(wallet, verifier, link, "invalid_transaction_data")


def test_oid4vp_1final_wallet_negative_test_required_non_matching_credential(wallet, verifier):
    question = wallet.prepare(verifier.ask(dcql_query=sets(required=True), state="s" * 22))
    assert not question.satisfiable
    with pytest.raises(PassportError, match=r"^wallet\.nothing_to_share: "):
        wallet.share(question)
    assert not verifier.taken
    wallet.decline(question)
    assert verifier.taken == [{"error": "access_denied", "state": "s" * 22}]


# -- modules that stand beside the plan ---------------------------------------------------------


@pytest.mark.parametrize("typ", ["JWT", "dc+sd-jwt", ...])
def test_a_request_object_of_another_or_no_type_is_refused(wallet, verifier, typ):
    link = verifier.ask(sign=lambda claims: verifier.sign(claims, typ=typ))
    refused(wallet, verifier, link, "jws.typ")


def test_a_claim_that_the_record_lacks_withholds_the_record(wallet, verifier):
    query = {"credentials": [allergies(["nhsNumber"], ["items", None, "onset"], ["birthDate"])]}
    for claim in query["credentials"][0]["claims"]:
        claim["id"] = claim["path"][-1]
    query["credentials"][0]["claims"][0]["values"] = ["not this one"]
    question = wallet.prepare(verifier.ask(dcql_query=query))
    assert not question.satisfiable


def test_the_same_request_by_value_is_answered_alike(wallet, verifier):
    verifier.ask()
    link = f"openid4vp://?client_id={verifier.identity.client_id}&request={verifier.token}"
    shared(wallet, link)
    assert presented(verifier)[0] == "allergies"
    assert not verifier.fetched


def test_nothing_tells_the_verifier_which_software_asks(wallet, verifier, world):
    shared(wallet, verifier.ask())
    named = {
        name.lower() for r in world.wire.sent if r.url in {REQUEST, RESPONSE} for name in r.headers
    }
    assert named <= {"accept", "content-type"}


def test_a_stranger_who_signs_well_is_a_stranger(wallet, verifier):
    from healthpassport.jose import jws  # noqa: PLC0415

    def foreign(claims):
        header = {"typ": "oauth-authz-req+jwt"}
        return jws.sign(header=header, payload=claims, signer=generate_signer())

    refused(wallet, verifier, verifier.ask(sign=foreign), "request.unsigned")
