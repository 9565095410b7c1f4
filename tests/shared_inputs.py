"""Where the published examples and vectors stand, and the skip when they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(*parts: str) -> Path:
    """The folder or file ``parts`` of the published inputs; skips the test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"published input {'/'.join(parts)} does not stand beside the checkout")
    return path
