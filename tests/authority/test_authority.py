from __future__ import annotations

import json
from datetime import timedelta

import pytest
from authority_world import (
    ISSUER,
    NOW,
    PASSPHRASE,
    URL,
    VERIFIER,
    WEEK,
    Served,
    followed,
    jwk,
    refused,
)
from cryptography import x509

from authority.service import Authority, Lifetimes, Passphrases
from authority.settings import KDF_FLOOR
from healthpassport.errors import ServiceError, TrustError
from healthpassport.keys import generate_signer
from healthpassport.keys.x509 import validate_chain
from healthpassport.refresh import update_trust_list
from healthpassport.trust import registration
from schemas.queries import purposes


def test_a_published_list_is_followed_and_names_who_was_added(authority, tmp_path):
    signer = generate_signer()
    certificate = authority.add_issuer(**ISSUER, jwk=signer.public_key.jwk(), now=NOW)
    leaf = validate_chain(
        certificate.chain,
        anchors=(authority.anchor_der,),
        at=NOW,
        expected_host="issuer.example",
    )
    assert leaf.public_key == signer.public_key
    found = followed(authority, tmp_path)
    issuer, _ = found.issuer_key(
        iss=ISSUER["iss"],
        thumbprint=signer.public_key.thumbprint(),
        record_type="AllergySummary",
        at=NOW,
    )
    assert issuer.anchors == (authority.anchor_der,)


def test_a_verifier_gets_a_certificate_and_a_registration_for_each_purpose(authority, tmp_path):
    wanted = ["emergency", "medicines_check"]
    added = authority.add_verifier(**VERIFIER, purposes=wanted, jwk=jwk(), now=NOW)
    found = followed(authority, tmp_path)
    entry = found.verifier(added.certificate.certificate_hash, NOW)
    assert list(added.registrations) == wanted == list(entry.purposes)
    for purpose, token in added.registrations.items():
        read = registration.verify(token, trust_list=found, client_id=added.client_id, now=NOW)
        assert read.purpose == purpose
        assert read.claims == entry.purposes[purpose].claims
    assert "items.unit" in entry.purposes["emergency"].claims["AllergySummary"]


def test_claims_may_be_narrower_than_the_templates(authority):
    wanted = {"pharmacy": {"MedicationSummary": ["nhsNumber", "items.unit"]}}
    added = authority.add_verifier(**VERIFIER, purposes=wanted, jwk=jwk(), now=NOW)
    assert added.entry.purposes["pharmacy"].claims == {
        "MedicationSummary": ("nhsNumber", "items.unit")
    }


@pytest.mark.parametrize(
    "purpose",
    [
        "research",
        "ai_training",
        "AI training",
        "insurance",
        "employment",
        "benefits",
        "immigration",
        "policing",
        "marketing",
        "EMERGENCY",
    ],
)
def test_prv_010_a_purpose_that_is_not_direct_care_cannot_be_registered(authority, purpose):
    claims = {purpose: {"AllergySummary": ["items.unit"]}}
    refused(
        "trust.purpose", authority.add_verifier, **VERIFIER, purposes=claims, jwk=jwk(), now=NOW
    )
    refused(
        "trust.purpose",
        authority.add_verifier,
        **VERIFIER,
        purposes=["emergency", purpose],
        jwk=jwk(),
        now=NOW,
    )
    assert authority.store.load().verifiers == ()


@pytest.mark.parametrize(
    ("purposes", "code"),
    [
        ({"emergency": {"AllergySummary": ["items.secret"]}}, "trust.claims"),
        ({"emergency": {"AllergySummary": ["items"]}}, "trust.claims"),
        ({"emergency": {"AllergySummary": []}}, "trust.claims"),
        ({"emergency": {"BankAccount": ["number"]}}, "trust.claims"),
        ([], "authority.entry"),
        ({"emergency": {}}, "authority.entry"),
    ],
)
def test_claims_that_cannot_be_registered(authority, purposes, code):
    refused(code, authority.add_verifier, **VERIFIER, purposes=purposes, jwk=jwk(), now=NOW)


@pytest.mark.parametrize("purpose", sorted(purposes()))
def test_each_purpose_of_direct_care_can_be_registered(authority, purpose):
    registered = authority.add_verifier(**VERIFIER, purposes=[purpose], jwk=jwk(), now=NOW)
    assert set(registered.registrations) == {purpose}


@pytest.mark.parametrize(
    "purpose",
    [
        "research",
        "ai_training",
        "insurance",
        "employment",
        "benefits",
        "immigration",
        "policing",
        "marketing",
    ],
)
@pytest.mark.parametrize("claims", [None, {"AllergySummary": ["items.unit"]}])
def test_no_other_purpose_can_be_registered(authority, purpose, claims):
    refused(
        "trust.purpose",
        authority.add_verifier,
        **VERIFIER,
        purposes={purpose: claims},
        jwk=jwk(),
        now=NOW,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "http://issuer.example"},
        {"iss": "https://issuer.example/"},
        {"iss": "https://issuer.example?x"},
        {"iss": "https://127.0.0.1"},
        {"iss": "https://Issuer.example/a b"},
        {"iss": "https://"},
        {"ods": "a1"},
        {"name": ""},
        {"record_types": []},
        {"record_types": ["BankAccount"]},
        {"status_lists": ["http://issuer.example/status"]},
    ],
)
def test_an_issuer_out_of_shape_is_not_added(authority, change):
    refused("authority.entry", authority.add_issuer, **{**ISSUER, **change}, jwk=jwk(), now=NOW)
    assert authority.store.load().issuers == ()


@pytest.mark.parametrize("host", ["", "127.0.0.1", "*.example", "a/b", "Desk.example", "a..b"])
def test_a_verifier_needs_a_host_name(authority, host):
    values = {**VERIFIER, "host": host}
    refused(
        "authority.entry",
        authority.add_verifier,
        **values,
        purposes=["emergency"],
        jwk=jwk(),
        now=NOW,
    )


def test_an_issuer_rotates_its_key_with_overlap(authority):
    authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    (issuer,) = authority.store.load().issuers
    assert len(issuer.keys) == 2
    authority.remove_issuer(issuer.iss, now=NOW, thumbprint=issuer.keys[0].thumbprint)
    (left,) = authority.store.load().issuers
    assert left.keys == issuer.keys[1:]


def test_an_iss_of_another_organisation_is_a_conflict(authority):
    authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    other = {**ISSUER, "name": "Other Surgery"}
    refused("authority.conflict", authority.add_issuer, **other, jwk=jwk(), now=NOW)


def test_a_listed_key_gets_a_new_certificate_and_no_second_key_is_anothers(authority):
    key = jwk()
    authority.add_issuer(**ISSUER, jwk=key, now=NOW)
    authority.add_issuer(**ISSUER, jwk=key, now=NOW + WEEK)
    (listed,) = authority.store.load().issuers[0].keys
    assert listed.valid_at(NOW)
    assert listed.not_after == NOW + WEEK + timedelta(days=365)
    other = {**ISSUER, "iss": "https://other.example", "status_lists": []}
    refused("trust.duplicate", authority.add_issuer, **other, jwk=key, now=NOW)
    assert len(authority.store.load().issuers) == 1


def test_whoever_was_removed_is_gone_from_the_list_and_stays_in_the_changelog(authority, tmp_path):
    authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    added = authority.add_verifier(**VERIFIER, purposes=["emergency"], jwk=jwk(), now=NOW)
    authority.remove_issuer(ISSUER["iss"], now=NOW)
    authority.remove_verifier(added.client_id, now=NOW)
    found = followed(authority, tmp_path)
    assert (found.issuers, found.verifiers) == ((), ())
    log = json.loads((tmp_path / "www" / "changelog.json").read_bytes())
    assert [(row["kind"], row["action"]) for row in log["changes"]] == [
        ("issuer", "added"),
        ("verifier", "added"),
        ("issuer", "removed"),
        ("verifier", "removed"),
    ]
    page = (tmp_path / "www" / "changelog.md").read_text()
    assert "Example Hospital" in page


def test_a_name_cannot_write_markup_into_the_changelog(authority, tmp_path):
    authority.add_issuer(**{**ISSUER, "name": "[x](https://evil)\n# Hi"}, jwk=jwk(), now=NOW)
    authority.publish(tmp_path / "www", now=NOW)
    page = (tmp_path / "www" / "changelog.md").read_text()
    assert "\\[x\\](https://evil) \\# Hi" in page


def test_what_is_not_there_cannot_be_removed(authority):
    refused("authority.unknown", authority.remove_issuer, "https://nobody.example", now=NOW)
    refused("authority.unknown", authority.remove_verifier, "x", now=NOW)
    authority.add_issuer(**ISSUER, jwk=jwk(), now=NOW)
    refused("authority.unknown", authority.remove_issuer, ISSUER["iss"], now=NOW, thumbprint="x")


def test_a_certificate_never_outlives_the_anchor(authority):
    certificate = authority.add_issuer(
        **ISSUER, jwk=jwk(), now=NOW, valid_for=timedelta(days=20_000)
    )
    anchor = x509.load_der_x509_certificate(authority.anchor_der)
    assert certificate.not_after == anchor.not_valid_after_utc


@pytest.mark.parametrize("replace", [(), ("root-1",), ("root-1", "root-2"), ("timestamp",)])
def test_followers_go_along_with_a_new_root(authority, tmp_path, replace):
    followed(authority, tmp_path)
    authority.rotate_root(*replace, now=NOW)
    assert followed(authority, tmp_path).version == 2


def test_all_root_keys_can_be_replaced_one_after_the_other(authority, tmp_path):
    for name in ("root-1", "root-2", "root-3"):
        authority.rotate_root(name, now=NOW)
    authority.rotate_root("targets", "snapshot", "timestamp", now=NOW)
    assert followed(authority, tmp_path).version == 1


def test_a_lost_root_key_is_replaced_by_the_other_two(authority, tmp_path):
    authority.store.key_path("root-3").unlink()
    reopened = Authority(authority.folder, Passphrases.same(PASSPHRASE), kdf_cost=KDF_FLOOR)
    reopened.rotate_root("root-3", now=NOW)
    assert followed(reopened, tmp_path).version == 1


def test_one_root_key_alone_cannot_sign_a_root(authority):
    for name in ("root-2", "root-3"):
        authority.store.key_path(name).unlink()
    reopened = Authority(authority.folder, Passphrases.same(PASSPHRASE), kdf_cost=KDF_FLOOR)
    refused("authority.root_keys", reopened.rotate_root, now=NOW)
    assert reopened.store.load().root_version == 1


def test_an_unknown_key_cannot_be_rotated(authority):
    refused("authority.unknown", authority.rotate_root, "ca", now=NOW)


def test_each_key_has_its_own_passphrase(tmp_path):
    given = Passphrases(b"daily passphrase", b"ca's passphrase", (b"root holder " * 2,) * 3)
    authority = Authority(tmp_path, given, kdf_cost=KDF_FLOOR)
    authority.init(name="A", now=NOW)
    daily = Passphrases(given.daily, b"", ())
    publishing = Authority(tmp_path, daily, kdf_cost=KDF_FLOOR)
    assert publishing.publish(tmp_path / "www", now=NOW).version == 1
    refused("authority.passphrase", publishing.add_issuer, **ISSUER, jwk=jwk(), now=NOW)
    refused("authority.root_keys", publishing.rotate_root, now=NOW)


def test_keys_may_be_taken_away(authority, tmp_path):
    away = tmp_path / "medium"
    (authority.folder / "offline").rename(away)
    without = Authority(authority.folder, Passphrases.same(PASSPHRASE), kdf_cost=KDF_FLOOR)
    refused("authority.key_missing", without.add_issuer, **ISSUER, jwk=jwk(), now=NOW)
    without.publish(tmp_path / "www", now=NOW)
    brought = Authority(
        authority.folder, Passphrases.same(PASSPHRASE), offline=away, kdf_cost=KDF_FLOOR
    )
    assert brought.add_issuer(**ISSUER, jwk=jwk(), now=NOW)


def test_an_authority_is_made_once(authority):
    refused("authority.exists", authority.init, name="B", now=NOW)


def test_nothing_can_be_done_before_it_is_made(tmp_path):
    nothing = Authority(tmp_path, Passphrases.same(PASSPHRASE))
    refused("authority.missing", nothing.add_issuer, **ISSUER, jwk=jwk(), now=NOW)
    refused("authority.missing", nothing.publish, tmp_path / "www", now=NOW)


@pytest.mark.parametrize("cost", [0, 1024, KDF_FLOOR - 1, KDF_FLOOR + 1, 2**21])
def test_a_cost_below_the_floor_or_out_of_shape_is_refused(tmp_path, cost):
    weak = Authority(tmp_path, Passphrases.same(PASSPHRASE), kdf_cost=cost)
    refused("authority.kdf_floor", weak.init, name="A", now=NOW)


def test_a_short_passphrase_is_refused(tmp_path):
    weak = Authority(tmp_path, Passphrases.same(b"short"), kdf_cost=KDF_FLOOR)
    refused("authority.passphrase_short", weak.init, name="A", now=NOW)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"n": 1024}, "authority.kdf_floor"),
        ({"n": 2**21}, "authority.kdf_floor"),
        ({"n": KDF_FLOOR * 2}, "authority.passphrase"),
        ({"n": "x"}, "authority.key_damaged"),
        ({"version": 2}, "authority.passphrase"),
        ({"nonce": "AAAA"}, "authority.key_damaged"),
        ({"salt": "!"}, "authority.key_damaged"),
        ({"sealed": "AAAA"}, "authority.passphrase"),
    ],
)
def test_an_altered_key_file_is_refused(authority, tmp_path, change, code):
    path = authority.store.key_path("timestamp")
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    reopened = Authority(authority.folder, Passphrases.same(PASSPHRASE), kdf_cost=KDF_FLOOR)
    refused(code, reopened.publish, tmp_path / "www", now=NOW)


def test_a_wrong_passphrase_opens_nothing(authority, tmp_path):
    wrong = Authority(authority.folder, Passphrases.same(b"another passphrase"))
    with pytest.raises(ServiceError) as caught:
        wrong.publish(tmp_path / "www", now=NOW)
    assert (caught.value.code, caught.value.detail) == ("authority.passphrase", "the key targets")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"name": 1}'])
def test_a_damaged_state_is_said_to_be_damaged(authority, data):
    (authority.folder / "authority.json").write_bytes(data)
    refused("authority.damaged", authority.store.load)


def test_an_expired_publication_is_refused_by_followers(authority, tmp_path):
    short = Authority(
        authority.folder,
        Passphrases.same(PASSPHRASE),
        kdf_cost=KDF_FLOOR,
        lifetimes=Lifetimes(timestamp=timedelta(hours=1)),
    )
    short.publish(tmp_path / "www", now=NOW)
    with pytest.raises(TrustError) as caught:
        update_trust_list(
            tmp_path / "copy",
            url=URL,
            root=authority.bootstrap_root,
            fetcher=Served(tmp_path / "www"),
            now=NOW + timedelta(hours=2),
        )
    assert caught.value.code == "trust.expired"


def test_an_issuer_s_later_status_lists_are_named_where_it_says(authority, tmp_path):
    address = "https://surgery.example/status"
    authority.add_issuer(**ISSUER, now=NOW, jwk=jwk(), status_aggregation=address)
    authority.add_issuer(**ISSUER, now=NOW, jwk=jwk())  # a second key keeps what was said
    assert followed(authority, tmp_path).issuers[0].status_aggregation == address


def test_an_aggregation_that_is_not_https_is_refused(authority):
    with pytest.raises(ServiceError) as caught:
        authority.add_issuer(
            **ISSUER, now=NOW, jwk=jwk(), status_aggregation="http://surgery.example/status"
        )
    assert caught.value.code == "authority.entry"
