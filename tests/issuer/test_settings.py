"""Settings: sources, defaults, refusals."""

import pytest
from pydantic import ValidationError
from simulated_issuer import made_settings

from healthpassport.errors import SettingsError
from healthpassport.summary import record_types
from issuer.settings import Settings, load, tls_problem


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "issuer.toml"
    path.write_text(
        'iss = "https://issuer.example"\nods = "A12345"\nname = "Surgery"\n'
        'key = "file:///k"\nx5c = "x"\ndatabase = "d"\napi_keys = "a"\nport = 9000\n'
        "[validity_days]\nMedicationSummary = 3\n"
    )
    return path


def test_a_file_gives_the_settings(config):
    found = load(config)
    assert (found.iss, found.port, found.batch_size) == ("https://issuer.example", 9000, 5)
    assert found.validity("MedicationSummary") == 3
    assert found.validity("AllergySummary") == 90
    assert found.path == ""


def test_the_environment_stands_over_the_file(config, monkeypatch):
    monkeypatch.setenv("PASSPORT_ISSUER_PORT", "9443")
    monkeypatch.setenv("PASSPORT_ISSUER_VALIDITY_DAYS", '{"AllergySummary": 10}')
    found = load(config)
    assert found.port == 9443
    assert found.validity("AllergySummary") == 10


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('iss = "https://issuer.example"', "", "iss"),
        ("https://issuer.example", "http://issuer.example", "iss"),
        ("https://issuer.example", "https://issuer.example/", "iss"),
        ("https://issuer.example", "https://issuer.example?x=1", "iss"),
        ("https://issuer.example", "https://u@issuer.example", "iss"),
        ("A12345", "a1", "ods"),
        ("9000", "-1", "port"),
        ("9000", "9000\nextra = 1", "extra"),
        ("9000", "9000\nstatus_list_size = 1000", "status_list_size"),
        ("9000", "9000\nbatch_size = 1", "batch_size"),
        ("MedicationSummary = 3", "Nothing = 3", "validity_days"),
        ("MedicationSummary = 3", "MedicationSummary = 0", "validity_days"),
        ("port = 9000", "port = ", "TOML"),
        ("9000", '9000\nformats = ["jwt_vc_json"]', "formats"),
        ("9000", '9000\nformats = ["ldp_vc", "ldp_vc"]', "formats"),
        ("9000", "9000\nformats = []", "formats"),
    ],
)
def test_a_wrong_setting_is_named(config, old, new, word):
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load(config)
    assert caught.value.code == "issuer.settings"
    assert word in caught.value.detail


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "none.toml")
    assert "none.toml" in caught.value.detail


def test_every_record_type_has_a_validity(tmp_path):
    settings, _ = made_settings(tmp_path)
    assert all(1 <= settings.validity(name) <= 365 for name in record_types())


def test_settings_do_not_change(tmp_path):
    settings, _ = made_settings(tmp_path)
    with pytest.raises(ValidationError):
        settings.port = 1


def test_tls_needs_both_files_and_they_must_fit(tmp_path):
    settings, _ = made_settings(tmp_path)
    assert "not set" in tls_problem(settings)
    cert, key = tmp_path / "x5c.pem", tmp_path / "issuer.pem"
    half = settings.model_copy(update={"tls_cert": cert})
    assert "belong together" in tls_problem(half)
    whole = settings.model_copy(update={"tls_cert": cert, "tls_key": key})
    assert tls_problem(whole) is None
    wrong = settings.model_copy(update={"tls_cert": key, "tls_key": cert})
    assert "cannot be read" in tls_problem(wrong)


def test_the_prefix_of_every_variable_is_the_same():
    assert Settings.model_config["env_prefix"] == "PASSPORT_ISSUER_"


def test_an_issuer_at_an_ip_address_offers_no_w3c_credentials(config):
    text = config.read_text().replace("https://issuer.example", "https://192.0.2.1")
    config.write_text(text.replace("9000", '9000\nformats = ["ldp_vc"]'))
    with pytest.raises(SettingsError, match="did:web"):
        load(config)
    config.write_text(text)
    assert load(config).formats == ("dc+sd-jwt",)


@pytest.mark.parametrize(
    "reached",
    [
        {"web_url": "https://console.example"},
        {"web_url": "http://10.0.0.7:8490"},
        {"web_hosts": ("localhost", "console.example")},
    ],
    ids=str,
)
def test_a_console_that_others_can_reach_has_staff_sign_in(tmp_path, reached):
    """Without, whoever opens that address is a clinician."""
    with pytest.raises(ValidationError, match="web_oidc_issuer"):
        made_settings(made_folder(tmp_path, "alone"), web_port=8490, **reached)
    provider = {"web_oidc_issuer": "https://login.example", "web_oidc_client_id": "console"}
    folder = made_folder(tmp_path, "staffed")
    made, _ = made_settings(folder, web_port=8490, **reached, **provider)
    assert made.staff_sign_in


def test_a_console_on_an_open_address_has_sign_in_and_https(tmp_path):
    provider = {"web_oidc_issuer": "https://login.example", "web_oidc_client_id": "console"}
    address = {"web_url": "https://console.example"}
    made, _ = made_settings(tmp_path, web_port=8490)
    assert not made.web_is_open
    for host in ("::", "10.0.0.7", "console.internal", ""):
        own = {**made.model_dump(), "web_host": host}
        for less in ({}, provider, address, provider | {"web_url": "http://localhost"}):
            with pytest.raises(ValidationError, match="web_"):
                type(made).model_validate(own | less)
        assert type(made).model_validate(own | provider | address).web_is_open


def made_folder(folder, name):
    (folder / name).mkdir()
    return folder / name
