"""What the pages of two apps share as files of each stands there letter for letter (0054)."""

from __future__ import annotations

import pytest
from repository import ROOT

SHARED = ("plain.css", "camera.js")
APPS = ("verifier", "wallet")


@pytest.mark.parametrize("name", SHARED)
def test_a_file_of_both_apps_is_the_same_in_both(name):
    one, other = (ROOT / app / "static" / name for app in APPS)
    assert one.read_bytes() == other.read_bytes()
