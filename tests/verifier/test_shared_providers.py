"""Two organisations at one sign-in provider: a mere word for a role would open both to either."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from healthpassport.errors import SettingsError
from verifier.service.tenants import own_marks, refuse_shared
from verifier.settings import VerifierSettings

ROLES = {"doctor": "clinician"}


def marks(name, **changes):
    settings = VerifierSettings(
        web_hosts=(f"{name}.example",),
        oidc_issuer=changes.pop("issuer", "https://sign-in.example"),
        oidc_roles=changes.pop("roles", ROLES),
        **changes,
    )
    return own_marks(settings, SimpleNamespace(client_id=f"x509_hash:{name}"))


def test_one_word_for_a_role_at_one_provider_is_refused():
    with pytest.raises(SettingsError) as caught:
        refuse_shared({"north": marks("north"), "south": marks("south")})
    assert caught.value.code == "verifier.organisation"
    assert "the role doctor at https://sign-in.example" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": {"doctor-south": "clinician"}},
        {"issuer": "https://other.example"},
    ],
    ids=["another word", "another provider"],
)
def test_what_keeps_two_apart_is_taken(changes):
    refuse_shared({"north": marks("north"), "south": marks("south", **changes)})


def test_roles_that_name_their_organisation_may_have_one_word():
    named = {"oidc_role_claim": "nhsid_nrbac_roles.role_code"}
    refuse_shared({"north": marks("north", **named), "south": marks("south", **named)})
