"""An API key that stands with two organisations opens neither: whose results would it show?"""

from __future__ import annotations

import json

import pytest
from asgi_calls import call
from tenant_world import serve_two

from verifier.service import digest_of

SHARED = {"x-api-key": "shared-key"}


@pytest.fixture
def two(world, tmp_path):
    def share_a_key(settings):
        for name in ("north", "south"):
            path = settings.organisations / name / "api-keys.json"
            keys = {"ward": digest_of(f"{name}-key"), "lab": digest_of("shared-key")}
            path.write_text(json.dumps(keys))

    served = serve_two(world, tmp_path / "home", change=share_a_key)
    yield served
    served.tenants.shut()


def test_a_key_in_two_places_is_nobodys_and_each_address_tells_of_its_own_alone(two):
    refused = call(two.api, "GET", "/templates", headers=SHARED)
    wrong = call(two.api, "GET", "/templates", headers={"x-api-key": "wrong-key"})
    assert (refused.status, refused.body) == (wrong.status, wrong.body)
    asked = call(two.api, "POST", "/requests", headers=SHARED, body={"template": "medicines_check"})
    assert asked.json["code"] == "http.unauthorized"
    for name in ("north", "south"):
        own_host = {"host": f"{name}.example"}
        said = call(two.api, "GET", "/fhir/metadata", headers=own_host).json["implementation"]
        assert name in said["url"]
        assert said["description"].lower().startswith(name)
        assert not two.desk(name).recent(desk="lab")
        own = {"x-api-key": f"{name}-key"}
        assert call(two.api, "GET", "/templates", headers=own).status == 200
