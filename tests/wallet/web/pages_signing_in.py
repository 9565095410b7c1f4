"""Signing in at a surgery, and coming back."""

from __future__ import annotations

from urllib.parse import urlencode

from wallet_pages import Case, bring
from wallet_world import ISSUER, with_json

from healthpassport.encoding import dump_json
from healthpassport.fetch import HttpResponse
from healthpassport.protocols.oid4vci import make_sign_in_offer

OFFER = make_sign_in_offer(
    issuer=ISSUER, configuration_ids=("AllergySummary",), issuer_state="some-offer"
)
LINK = "openid-credential-offer://?" + urlencode(
    {"credential_offer": dump_json(OFFER.wire()).decode()}
)
SAID = {
    "authorization_endpoint": f"{ISSUER}/authorize",
    "pushed_authorization_request_endpoint": f"{ISSUER}/par",
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
    "grant_types_supported": ["authorization_code"],
    "token_endpoint_auth_methods_supported": ["none"],
}
PUSHED = b'{"request_uri": "urn:ietf:params:oauth:request_uri:one", "expires_in": 60}'
BACK = "/add/signed-in?" + urlencode({"code": "c", "state": "s", "iss": ISSUER})


def signs_in(request, answer):
    """The surgery of this world, as one whose patients sign in (tests/wallet_signing_in is one)."""
    if request.url.endswith("oauth-authorization-server"):
        return with_json(lambda told: told.update(SAID))(answer)
    return HttpResponse(201, {}, PUSHED) if request.url.endswith("/par") else answer


def offered(page, served):
    served.world.wire.bend = signs_in
    bring(page, served, LINK, "/add")
    page.locator("#main .nhsuk-button").wait_for()


def leaving(page, served):
    offered(page, served)
    page.click("#main .nhsuk-button")
    page.locator(f"a[href^='{ISSUER}/authorize']").wait_for()


PAGES = (
    Case("offer to sign in", steps=offered),
    Case("sign in", steps=leaving),
    Case("back from signing in", BACK, known=False),
    Case("back in a wallet that was locked", "/signed-in"),
)
