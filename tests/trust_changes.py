"""A wallet's trust list with its verifiers changed, for tests of what the list decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from healthpassport.trust.model import TrustList
from wallet.service import surroundings

Rows = list[dict[str, Any]]


def listed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Rows], Rows]) -> None:
    """The trust list as read, with its verifiers changed."""
    real = surroundings.Surroundings.trust

    def read(self):
        view = real(self)
        rows = view.trust_list.model_dump(mode="json", by_alias=True, exclude_none=True)
        rows["verifiers"] = change(rows["verifiers"])
        found = TrustList.model_validate(rows)
        return dataclasses.replace(view, trust_list=found)

    monkeypatch.setattr(surroundings.Surroundings, "trust", read)
