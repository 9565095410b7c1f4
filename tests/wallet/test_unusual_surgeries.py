"""Surgeries of others that say legal things which ours does not: taken, or refused before a PIN."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from refreshing_world import ISSUER, RefreshingWorld, refresh
from wallet_world import with_json

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from wallet.service.grants import change_grant, read_grants

METADATA, SERVER = "openid-credential-issuer", "oauth-authorization-server"
TOKEN, CREDENTIAL = f"{ISSUER}/token", f"{ISSUER}/credential"
OTHER = "https://other.example"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("unusual") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    whole.change(encryption="offered")
    return whole


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


def bend(world, **changes):
    """Change the JSON of answers whose address ends so."""

    def bent(request, answer):
        for ending, change in changes.items():
            if request.url.endswith(ending) and answer.status < 300:
                return with_json(change)(answer)
        return answer

    world.wire.bend = bent


def take(world, wallet):
    offer = world.offer_source()
    records = wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert {record.type for record in records} >= {"PatientIdentity", "AllergySummary"}


def refused(world, wallet):
    """The code with which an offer is refused when it is looked at; no PIN goes anywhere."""
    link = world.offer_source().link
    with pytest.raises(PassportError) as caught:
        wallet.add_offer(link)
    assert not [request for request in world.wire.sent if request.url == TOKEN]
    return caught.value.code


def sent(world, url):
    return [request for request in world.wire.sent if request.url == url]


def opened(token, part=1):
    return json.loads(b64url_decode(token.split(".")[part]))


STRANGE = {
    "a": {"format": "jwt_vc_json", "credential_definition": {"type": ["VerifiableCredential"]}},
    "b": {"format": "mso_mdoc", "doctype": "x", "credential_signing_alg_values_supported": [-7]},
    "c": {"format": "ldp_vc", "credential_definition": {"@context": [{"@base": "x"}], "type": []}},
    "d": {"format": 5},
    "e": "nothing",
    "f": {"format": "x", "proof_types_supported": {"di_vp": {}}},
    "g": {"format": "y", "credential_metadata": {"claims": [{"path": ["a"], "display": "b"}]}},
}


def test_kinds_of_credential_that_are_nothing_to_us_hinder_no_record(world, wallet):
    bend(world, **{METADATA: lambda m: m["credential_configurations_supported"].update(STRANGE)})
    take(world, wallet)


def test_words_of_the_surgery_in_many_languages_and_pictures_are_passed_over(world, wallet):
    display = [
        {"name": "Surgery", "locale": "en-GB", "logo": {"uri": "data:image/png;base64,AA"}},
        {"name": "Meddygfa", "locale": "cy", "background_color": "#fff"},
        {"name": "جراحة", "locale": "ar"},
    ]
    bend(world, **{METADATA: lambda m: m.update(display=display, extra={"a": [None]})})
    take(world, wallet)


@pytest.mark.parametrize("server_away", [True, False])
def test_of_several_servers_the_one_that_takes_the_offer_is_asked(world, wallet, server_away):
    """Section 12.2.4: by ``grant_types_supported``."""
    bend(world, **{METADATA: lambda m: m.update(authorization_servers=[OTHER, ISSUER])})
    told = {"issuer": OTHER, "token_endpoint": f"{OTHER}/token", "response_types_supported": []}
    told |= {"dpop_signing_alg_values_supported": ["ES256"]}

    class Other:
        async def __call__(self, _scope, _receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    if not server_away:
        world.wire.apps["other.example"] = Other()
    take(world, wallet)
    assert sent(world, TOKEN)
    assert f"{OTHER}/token" not in world.wire.urls()
    (grant,) = read_grants(wallet._vault)
    assert grant.server == ISSUER
    refresh(wallet)
    assert len(sent(world, TOKEN)) == 2
    world.wire.apps.pop("other.example", None)


def test_a_grant_of_an_older_wallet_is_shown_to_no_second_server(world, wallet):
    """It would be refused there for good, when only the first was away for a moment."""
    take(world, wallet)
    [grant] = read_grants(wallet._vault)
    with wallet._vault.transaction() as writer:
        change_grant(writer, replace(grant, server=""))
    bend(world, **{METADATA: lambda m: m.update(authorization_servers=[OTHER, ISSUER])})
    world.wire.sent.clear()
    outcome = refresh(wallet)
    assert not sent(world, TOKEN)
    assert not read_grants(wallet._vault)[0].ended, outcome


def test_a_surgery_without_a_nonce_endpoint_gets_proofs_without_one(world, wallet):
    bend(world, **{METADATA: lambda m: m.pop("nonce_endpoint")})
    offer = world.offer_source()
    preview = wallet.add_offer(offer.link)
    with pytest.raises(PassportError):  # ours wants one all the same
        wallet.accept(preview, offer.pin)
    (request,) = sent(world, CREDENTIAL)
    proofs = json.loads(request.body)["proofs"]["jwt"]
    assert all("nonce" not in opened(proof) for proof in proofs)


def test_a_nonce_that_is_refused_is_fetched_anew_once(world, wallet):
    given = []

    def stale(told):
        given.append(told["c_nonce"])
        if len(given) == 1:
            told["c_nonce"] = "stale"

    bend(world, **{"/nonce": stale})
    take(world, wallet)
    first, second, *_ = (json.loads(r.body)["proofs"]["jwt"] for r in sent(world, CREDENTIAL))
    assert (opened(first[0])["nonce"], opened(second[0])["nonce"]) == ("stale", given[1])
    bend(world, **{"/nonce": lambda told: told.update(c_nonce="stale")})
    world.wire.sent.clear()
    offer = world.offer_source()
    with pytest.raises(PassportError, match=r"^wallet\.issuer_failed"):
        wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert len(sent(world, CREDENTIAL)) == 2


def test_a_dpop_nonce_that_comes_with_the_other_nonce_is_used_at_once(world, wallet):
    def bent(request, answer):
        headers = {**answer.headers, "dpop-nonce": "from-the-nonce-endpoint"}
        return (
            HttpResponse(answer.status, headers, answer.body)
            if (request.url.endswith("/nonce"))
            else answer
        )

    world.wire.bend = bent
    take(world, wallet)
    proof = sent(world, CREDENTIAL)[0].headers["DPoP"]
    assert opened(proof)["nonce"] == "from-the-nonce-endpoint"


def requires(**changes):
    def change(metadata):
        for name, wanted in changes.items():
            if wanted is None:
                metadata.pop(name)
            else:
                metadata[name].update(wanted)

    return {METADATA: change}


REQUEST, RESPONSE = "credential_request_encryption", "credential_response_encryption"


def test_requests_and_answers_may_be_encrypted_each_in_its_way(world, wallet):
    ways = {
        REQUEST: {"encryption_required": True, "enc_values_supported": ["A128GCM"]},
        RESPONSE: {"encryption_required": True, "enc_values_supported": ["A256GCM"]},
    }
    bend(world, **requires(**ways))
    answers = []
    before = world.wire.bend

    def noted(request, answer):
        if request.url == CREDENTIAL:
            answers.append(answer)
        return before(request, answer)

    world.wire.bend = noted
    take(world, wallet)
    assert opened(sent(world, CREDENTIAL)[0].body.decode(), 0)["enc"] == "A128GCM"
    assert opened(answers[0].body.decode(), 0)["enc"] == "A256GCM"


def test_where_only_requests_are_encrypted_the_answer_comes_in_the_clear(world, wallet):
    bend(world, **requires(**{REQUEST: {"encryption_required": True}, RESPONSE: None}))
    take(world, wallet)
    assert sent(world, CREDENTIAL)[0].headers["Content-Type"] == "application/jwt"


@pytest.mark.parametrize(
    "ways",
    [
        {REQUEST: {"encryption_required": True, "jwks": {"keys": [{"kty": "RSA"}]}}},
        {REQUEST: {"encryption_required": True, "enc_values_supported": ["A128CBC-HS256"]}},
        {RESPONSE: {"encryption_required": True, "alg_values_supported": ["RSA-OAEP-256"]}},
        {RESPONSE: {"encryption_required": True, "enc_values_supported": "A128GCM"}},
        {RESPONSE: {"encryption_required": True}, REQUEST: None},
    ],
)
def test_an_encryption_that_is_unknown_here_costs_no_pin(world, wallet, ways):
    bend(world, **requires(**ways))
    assert refused(world, wallet) == "wallet.offer_unsupported"


def test_a_record_that_would_be_bound_to_a_did_alone_is_refused(world, wallet):
    def change(metadata):
        for one in metadata["credential_configurations_supported"].values():
            one["cryptographic_binding_methods_supported"] = ["did:key"]

    bend(world, **{METADATA: change})
    assert refused(world, wallet) == "wallet.offer_unsupported"


def test_signed_metadata_that_nobody_asked_for_are_no_metadata(world, wallet):
    def bent(request, answer):
        signed = {"content-type": "application/jwt"}
        return HttpResponse(200, signed, b"e30.e30.AA") if METADATA in request.url else answer

    world.wire.bend = bent
    assert refused(world, wallet) == "wallet.issuer_failed"


FOREIGN = {"type": "payment_initiation", "instructedAmount": {"amount": "1"}}


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(authorization_details=[FOREIGN]),
        lambda t: t.pop("expires_in", None),
        lambda t: t.update(token_type="dPOP", id_token="a.b.c", scope="x"),
        lambda t: t.update(
            authorization_details=[
                {"type": "openid_credential", "credential_configuration_id": "AllergySummary"}
            ]
        ),
    ],
)
def test_a_token_response_may_say_more_or_less(world, wallet, change):
    bend(world, **{TOKEN: change})
    take(world, wallet)


def test_of_several_records_of_one_kind_none_is_taken_for_all_of_them(world, wallet):
    """Section 6.2 allows several data sets; the first alone would read as the whole list."""

    def change(told):
        kind = {"type": "openid_credential", "credential_configuration_id": "AllergySummary"}
        told["authorization_details"] = [kind | {"credential_identifiers": ["one", "two"]}]

    offer = world.offer_source()
    preview = wallet.add_offer(offer.link)
    bend(world, **{TOKEN: change})
    with pytest.raises(PassportError, match=r"^wallet\.offer_unsupported"):
        wallet.accept(preview, offer.pin)
    assert wallet.records() == ()


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(404, {}, b""),
        HttpResponse(401, {"www-authenticate": "DPoP"}, b""),
        HttpResponse(403, {}, b"<html>"),
        HttpResponse(200, {}, b"<html>our app</html>"),
        HttpResponse(200, {}, b'{"ok": true}'),
    ],
)
def test_a_surgery_that_does_not_know_our_own_addresses_is_asked_by_the_standard(
    world, wallet, answer
):
    take(world, wallet)
    world.wire.bend = lambda request, good: answer if "/holder/" in request.url else good
    assert refresh(wallet).code == ""


def test_a_note_that_does_not_arrive_costs_no_record(world, wallet):
    world.wire.bend = lambda request, answer: (
        HttpResponse(500, {}, b"") if request.url.endswith("/notification") else answer
    )
    take(world, wallet)


@pytest.mark.parametrize("pin", ["", "1" * 65, "é" * 8, "12"])
def test_a_pin_of_no_fitting_shape_is_sent_nowhere(world, wallet, pin):
    preview = wallet.add_offer(world.offer_source().link)
    world.wire.sent.clear()
    with pytest.raises(PassportError, match=r"^wallet\.pin_needed"):
        wallet.accept(preview, pin)
    assert world.wire.sent == []
