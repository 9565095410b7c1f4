"""What the tests of the house know of the repository: its root, packages and tracked files."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("healthpassport", "schemas", "issuer", "wallet", "verifier", "authority", "demo")
APPS = ("issuer", "wallet", "verifier", "authority")
LEFT_OUT = {"__pycache__", "vendor", "node_modules"}


def source_files(package: str) -> list[Path]:
    """Every file of ``package`` that is part of it: no caches, nothing fetched by npm."""
    found = (path for path in (ROOT / package).rglob("*") if path.is_file())
    return sorted(path for path in found if not LEFT_OUT.intersection(path.parts))


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control; where git is absent, every file of the packages."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False, text=True
    )
    if listed.returncode != 0:
        return tuple(path for package in (*PACKAGES, "docs") for path in source_files(package))
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())
