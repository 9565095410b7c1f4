"""The routes of wallets called by their own OpenAPI document (htt-023): what it says happens.

schemathesis makes the calls, good and bad ones, once as a stranger and once with a wallet's token
and a fresh proof. Its checks: no server error, no status, media type or body that is not in it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import schemathesis
from app_routes import routes
from hypothesis import HealthCheck, Phase, settings
from returning_wallet import Returning
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sign_in_world import SignInSite

from healthpassport.encoding import dump_json
from healthpassport.keys import generate_signer
from issuer.api.described import document

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi" / "wallets.json"
EXAMPLES = 2
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What other documents and pages are about.
OTHERS = ("/patient/", "/get", "/.well-known/oauth-authorization-server/clients")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wallets")
    provider = generate_signer().public_key.jwk() | {"kid": "provider-1"}
    (folder / "providers.json").write_text(json.dumps({"keys": [provider]}))
    changes = {
        "formats": ("dc+sd-jwt", "ldp_vc"),
        "wallet_provider_keys": folder / "providers.json",
        "wallet_attestation_challenge": True,
    }
    site = SignInSite(folder, changes)
    site.wallet = Returning.of(site)
    site.known = {"record_type": "AllergySummary", "number": "1", "address": "x"}
    yield site
    site.issuer.store.close()


schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_bytes()))


def test_the_committed_document_is_the_one_that_is_made():
    assert DOCUMENT.read_bytes() == dump_json(document(), indent=2) + b"\n"


def test_every_route_for_wallets_stands_in_the_document_and_nothing_else(served):
    systems = json.loads(DOCUMENT.with_name("issuer.json").read_bytes())["paths"]
    served_here = {
        (method.lower(), path)
        for method, path in routes(served.app)
        if not path.startswith(OTHERS) and method.lower() not in systems.get(path, {})
    }
    described = {
        (method, path)
        for path, methods in json.loads(DOCUMENT.read_bytes())["paths"].items()
        for method in methods
    }
    assert served_here == described


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_htt_023_every_call_of_a_wallet_is_answered_as_the_document_says(served, case):
    case.operation.app = served.app
    case.validate_response(case.call(), checks=CHECKS)
    known = {name: one for name, one in served.known.items() if name in case.path_parameters}
    if known:
        case.path_parameters.update(known)
        case.validate_response(case.call(), checks=CHECKS)
    if "security" in case.operation.definition.raw:
        case.validate_response(case.call(headers=proven(served, case)), checks=CHECKS)


def proven(served, case):
    """A token that counts, and a proof for this very request."""
    wallet = served.wallet
    proof = wallet.dpop(case.path, method=case.method)
    return {"Authorization": f"DPoP {wallet.token}", "DPoP": proof}
