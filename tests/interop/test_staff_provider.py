"""Staff sign in with somebody else's provider (npm's oidc-provider), in a real browser."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from chromium import chromium
from desk_world import Clock, desk_settings, make_world
from interop.third_party import installed, program
from playwright.sync_api import sync_playwright
from simulated_web import write_tls
from staff_world import asked_and_answered, entries

from healthpassport.fetch import HttpsFetcher
from healthpassport.keys import generate_signer, save_signer
from verifier.service import Desk, open_desk
from verifier.web import create_app

pytestmark = [pytest.mark.node, pytest.mark.browser]
SOURCE = Path(__file__).parent / "provider"
SECRET = "a secret that both sides know"
ROLES = {"nurse": "clinician", "receptionist": "clerk"}
START_SECONDS = 180


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def signer():
    return generate_signer()


@pytest.fixture(scope="module")
def ports():
    return free_port(), free_port()


@pytest.fixture(scope="module")
def provider(request, tmp_path_factory, signer, ports):
    """The issuer, and the certificate to believe."""
    folder = installed(request.config.cache.mkdir("third-party-provider"), SOURCE)
    pem, port = write_tls(tmp_path_factory.mktemp("tls")), free_port()
    key = signer.public_key
    jwk = {**key.jwk(), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "PEM": str(pem),
        "SECRET": SECRET,
        "CLIENT_JWK": json.dumps(jwk),
        "PAGES": json.dumps([f"http://localhost:{one}" for one in ports]),
    }
    with subprocess.Popen(
        [program("node"), "provider.mjs"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        begun = time.monotonic()
        while not process.stdout.readline().startswith("listening"):
            assert process.poll() is None
            assert time.monotonic() - begun < START_SECONDS
        yield f"https://localhost:{port}", pem
        process.terminate()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


class Both:
    """The published folder from memory, the provider by the network."""

    def __init__(self, world, issuer, pem):
        self.world, self.issuer = world, issuer
        allowed = frozenset({issuer.removeprefix("https://")})
        self.net = HttpsFetcher(ca_file=pem, allowed_private_hosts=allowed, timeout=60)

    def fetch(self, request):
        own = request.url.startswith(self.issuer)
        return (self.net if own else self.world.fetcher).fetch(request)


@contextmanager
def served(world, home, provider, port, **changes):
    issuer, pem = provider
    settings = desk_settings(
        world,
        home,
        web_port=port,
        oidc_issuer=issuer,
        oidc_scopes=["openid", "profile", "roles"],
        oidc_roles=ROLES,
        **changes,
    )
    fetcher = Both(world, issuer, pem)
    desk = open_desk(settings, clock=Clock(), random=secrets.token_bytes, fetcher=fetcher)
    desk.update()
    app = create_app(settings, desk)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield desk, f"http://localhost:{port}"
    server.should_exit = True
    thread.join(60)
    desk.shut()


@pytest.fixture(scope="module")
def with_secret(world, tmp_path_factory, provider, ports):
    home = tmp_path_factory.mktemp("secret") / "desk"
    home.mkdir()
    (home / "secret").write_text(SECRET)
    own = {"oidc_client_id": "desk-with-secret", "oidc_client_secret_file": home / "secret"}
    with served(world, home, provider, ports[0], **own) as found:
        yield found


@pytest.fixture(scope="module")
def with_key(world, tmp_path_factory, provider, ports, signer):
    home = tmp_path_factory.mktemp("key") / "desk"
    home.mkdir()
    own = {
        "oidc_client_id": "desk-with-key",
        "oidc_client_auth": "private_key_jwt",
        "oidc_client_key": save_signer(signer, home / "client.key"),
    }
    with served(world, home, provider, ports[1], **own) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


def sign_in(page, base, who, to="/today"):
    page.goto(base + to)
    page.get_by_role("button", name="Sign in").click()
    page.locator('input[name="login"]').fill(who)
    page.locator('input[name="password"]').fill("anything")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(base + "/**")


def test_a_clinician_signs_in_opens_a_result_and_signs_out_everywhere(world, with_secret, browser):
    desk, base = with_secret
    view = asked_and_answered(world, desk)
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, base, "nurse", f"/requests/{view.id}")
    assert page.url == f"{base}/requests/{view.id}"
    assert page.get_by_text("You are signed in as Some nurse (clinician)").is_visible()
    assert not page.get_by_role("heading", name="Known allergies").count()
    page.get_by_label("I am in the team that cares for the patient").check()
    page.get_by_role("button", name="Open clinical sections").click()
    page.get_by_role("heading", name="Known allergies").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign out there too").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(base + "/signed-out*")
    page.goto(f"{base}/requests/{view.id}")
    assert page.get_by_role("heading", name="Sign in to use this desk").is_visible()
    made = entries(desk, "sign_in.made")[-1]
    assert (made["who"]["subject"], made["who"]["role"]) == ("nurse", "clinician")
    context.close()


def test_a_clerk_signs_in_at_a_desk_that_proves_itself_with_a_key(world, with_key, browser):
    desk, base = with_key
    view = asked_and_answered(world, desk)
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, base, "receptionist", f"/requests/{view.id}")
    assert page.url == f"{base}/requests/{view.id}", page.locator("main").inner_text()
    assert page.get_by_text("2 records were shared").is_visible()
    assert not page.get_by_role("heading", name="Known allergies").count()
    context.close()


def test_somebody_without_a_role_here_stays_outside(with_secret, browser):
    desk, base = with_secret
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, base, "porter")
    assert page.get_by_text("have no role at this desk").is_visible()
    page.goto(base + "/today")
    assert page.get_by_role("heading", name="Sign in to use this desk").is_visible()
    assert isinstance(desk, Desk)
    context.close()
