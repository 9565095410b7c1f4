"""Pages that explain: what is stored, who sees what, what nobody can see, and other NHS choices.

They can be read while the wallet is locked. What is *not* here: anything of the person.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from healthpassport.errors import ServiceError

from .page import Seen

PAGES: Final = ("stored", "who", "never", "choices", "steps")

router = APIRouter(prefix="/about")


@router.get("")
def about(page: Seen) -> Response:
    """The list of these pages."""
    return page.show("explain/about.html")


@router.get("/{name}")
def explained(page: Seen, name: str) -> Response:
    """One of them."""
    if name not in PAGES:
        raise ServiceError("wallet.page_unknown")
    return page.show(f"explain/{name}.html")
