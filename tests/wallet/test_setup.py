"""Settings, trust, and addresses that a wallet never goes to."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from healthpassport.errors import PassportError
from healthpassport.fetch import HttpsFetcher
from healthpassport.formats import sd_jwt_vc
from healthpassport.protocols.dcql import Query
from wallet.service import Surroundings, Wallet, sharing
from wallet.settings import WalletSettings


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No setting of the machine, and homes of one's own."""
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return monkeypatch


def test_without_settings_vault_and_anchor_stand_apart(clean, tmp_path):
    settings = WalletSettings()
    assert settings.vault_file.name == "vault.db"
    assert settings.anchors.name == "wallet-anchors"
    assert settings.folder not in settings.anchors.parents
    assert settings.root_file == settings.folder / "root.json"
    assert settings.lists_folder == settings.folder / "trust"
    assert settings.trust_max_age == timedelta(days=7)


def test_a_folder_of_ones_own_has_its_anchor_beside_it(clean, tmp_path):
    clean.setenv("PASSPORT_WALLET_FOLDER", str(tmp_path / "mine"))
    clean.setenv("PASSPORT_WALLET_ALLOWED_PRIVATE_HOSTS", '["LOCALHOST:8443"]')
    settings = WalletSettings()
    assert settings.anchors == tmp_path / "mine-anchors"
    assert settings.allowed_private_hosts == ("localhost:8443",)
    clean.setenv("PASSPORT_WALLET_ANCHOR_FOLDER", str(tmp_path / "apart"))
    assert WalletSettings().anchors == tmp_path / "apart"


def test_without_a_start_of_trust_nobody_is_trusted(clean, tmp_path):
    clean.setenv("PASSPORT_WALLET_FOLDER", str(tmp_path / "mine"))
    wallet = Wallet.of(WalletSettings())
    with refused("wallet.setting"):
        wallet.trust()
    with refused("wallet.setting"):
        wallet.update_trust()


def test_the_start_of_trust_is_read_from_its_file(clean, tmp_path):
    root = tmp_path / "root.json"
    root.write_bytes(b"{}")
    clean.setenv("PASSPORT_WALLET_FOLDER", str(tmp_path / "mine"))
    clean.setenv("PASSPORT_WALLET_TRUST_ROOT", str(root))
    clean.setenv("PASSPORT_WALLET_TRUST_URL", "https://trust.example")
    around = Surroundings.of(WalletSettings())
    assert around.trust_root == b"{}"
    assert around.clock().tzinfo is not None
    with refused("trust.missing"):
        around.trust()


def test_adding_records_fetches_a_missing_or_old_trust_list_first(world, tmp_path):
    late = [timedelta()]
    around = world.surroundings(tmp_path, clock=lambda: world.world.clock() + late[0])
    wallet = Wallet(around)
    wallet.init("three made-up words")
    assert wallet.add_offer(world.offer().link).checked
    before = wallet.trust().updated_at
    late[0] = timedelta(days=8)
    offer = world.offer()
    assert wallet.trust().stale
    try:
        wallet.add_offer(offer.link)
    except PassportError as error:
        assert error.code == "trust.expired"  # noqa: PT017 - the published list is short-lived
    else:
        assert wallet.trust().updated_at > before
    wallet.close()


def test_without_the_address_of_the_list_a_missing_one_is_told(world, tmp_path):
    wallet = Wallet(world.surroundings(tmp_path, trust_url=""))
    wallet.init("three made-up words")
    with refused("trust.missing"):
        wallet.add_offer(world.offer().link)
    wallet.close()


def test_a_wallet_that_was_never_made_says_so(world, tmp_path):
    wallet = Wallet(world.surroundings(tmp_path))
    assert not wallet.exists
    assert wallet.locked
    for use in (wallet.records, wallet.history, lambda: wallet.unlock("three made-up words")):
        with refused("vault.missing"):
            use()
    with refused("vault.missing"):
        wallet.mend("three made-up words")
    wallet.close()


DONE = sharing.Delivered(None, redirect_blocked=False)
INSIDE = [
    "https://127.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/x",
    "https://[::1]/x",
    "https://user@127.0.0.1/x",
]
NOT_HTTPS = ["http://hospital.example/x", "file:///etc/passwd", "gopher://hospital.example/x"]


@pytest.fixture
def outward(world, tmp_path):
    """A wallet whose fetcher is the real one, with no private host allowed."""
    made = world.wallet(tmp_path)
    made.close()
    wallet = Wallet(world.surroundings(tmp_path, fetcher=HttpsFetcher()))
    wallet.unlock("three made-up words")
    yield wallet
    wallet.close()


@pytest.mark.parametrize("url", [pytest.param(u, id=f"vpq-014-{u}") for u in INSIDE + NOT_HTTPS])
def test_a_request_that_lies_inside_is_not_fetched(outward, url):
    link = f"openid4vp://?{urlencode({'client_id': 'x509_hash:abc', 'request_uri': url})}"
    with refused("ssrf.blocked"):
        outward.prepare(link)


@pytest.mark.parametrize("url", [pytest.param(u, id=f"vci-037-{u}") for u in INSIDE])
def test_an_offer_that_lies_inside_is_not_fetched(outward, url):
    by_reference = urlencode({"credential_offer_uri": url})
    with refused("ssrf.blocked"):
        outward.add_offer(f"openid-credential-offer://?{by_reference}")
    grants = {"urn:ietf:params:oauth:grant-type:pre-authorized_code": {"pre-authorized_code": "c"}}
    offer = {"credential_issuer": url, "credential_configuration_ids": ["a"], "grants": grants}
    by_value = urlencode({"credential_offer": json.dumps(offer)})
    with refused("ssrf.blocked"):
        outward.add_offer(f"openid-credential-offer://?{by_value}")


def everything_in(text):
    """Digests, salted disclosures, key, status entry and signature of a presentation."""
    signed, *disclosures, _binding = text.split("~")
    held = sd_jwt_vc.open_held("~".join([signed, *disclosures, ""]))
    payload = held.parsed.payload
    found = set(disclosures) | {signed.split(".")[2], payload["cnf"]["jwk"]["x"]}
    status = payload["status"]["status_list"]
    found |= {f"{status['uri']} {status['idx']}"} | set(payload.get("_sd", ()))
    return found | {entry["..."] for entry in payload.get("items", ()) if "..." in entry}


def test_prv_002_two_desks_that_pool_presentations_find_nothing_in_common(
    world, filled_wallet, monkeypatch
):
    rows = {
        "id": "a",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": ["https://passport.example/vct/AllergySummary/1"]},
        "claims": [{"path": ["items", None, "unit"]}],
    }
    query = Query.parse({"credentials": [rows]})
    real, sent = sharing.read_request, []

    def read(text, **more):
        return dataclasses.replace(real(text, **more), query=query, over_asked=())

    monkeypatch.setattr(sharing, "read_request", read)
    monkeypatch.setattr(
        sharing, "send_answer", lambda presentation, **_more: sent.append(presentation) or DONE
    )
    for _ in range(2):
        filled_wallet.share(filled_wallet.prepare(world.ask()["link"]))
    texts = [p.answers["a"][0].value for p in sent]
    assert not everything_in(texts[0]) & everything_in(texts[1])
