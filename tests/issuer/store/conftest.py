"""A store on each database, for a whole module: tests name what they add by texts of their own."""

from __future__ import annotations

import secrets

import pytest
from databases import BOTH

from issuer.store import open_store


@pytest.fixture(scope="module", params=BOTH)
def store(request, tmp_path_factory):
    """An empty store at the present schema."""
    if request.param == "sqlite":
        made = open_store(tmp_path_factory.mktemp("store") / "issuer.sqlite")
    else:
        made = open_store(None, url=request.getfixturevalue("postgresql").issuer_copy())
    yield made
    made.close()


@pytest.fixture
def new():
    """Makes ids that nobody has had."""
    return lambda: secrets.token_urlsafe(16)
