"""The wallet of tests/interop is what it says: published packages, pinned, unmodified."""

from __future__ import annotations

import json
import re

import pytest
from interop.third_party import SOURCE, installed

PACKAGES = {
    "@openid4vc/oauth2": "0.4.6",
    "@openid4vc/openid4vci": "0.4.6",
    "@openid4vc/openid4vp": "0.4.6",
    "@sd-jwt/sd-jwt-vc": "0.19.0",
    "dcql": "3.0.0",
}


def test_the_packages_are_pinned_exactly():
    package = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"] == PACKAGES
    assert not {"scripts", "overrides", "resolutions"} & package.keys()


def test_no_lock_file_names_a_host():
    assert not list(SOURCE.glob("*lock*"))


def test_the_wallet_imports_those_packages_and_node_alone():
    sources = [path.read_text(encoding="utf-8") for path in SOURCE.glob("*.mjs")]
    named = {name for text in sources for name in re.findall(r"from '([^']+)'", text)}
    others = {name for name in named if not name.startswith(("./", "node:"))}
    assert others <= PACKAGES.keys()


@pytest.mark.node
def test_the_installed_packages_are_those_versions(request: pytest.FixtureRequest):
    folder = installed(request.config.cache.mkdir("third-party-wallet"))
    for name, version in PACKAGES.items():
        path = folder / "node_modules" / name / "package.json"
        assert json.loads(path.read_text(encoding="utf-8"))["version"] == version
