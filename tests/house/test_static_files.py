"""What the pages of several apps share as files of each stands there letter for letter (0054)."""

from __future__ import annotations

import pytest
from repository import ROOT

SHARED = {"plain.css": ("issuer", "verifier", "wallet"), "camera.js": ("verifier", "wallet")}


@pytest.mark.parametrize("name", SHARED)
def test_a_file_of_several_apps_is_the_same_in_each(name):
    files = {(ROOT / app / "static" / name).read_bytes() for app in SHARED[name]}
    assert len(files) == 1
