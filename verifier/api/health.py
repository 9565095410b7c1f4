"""Is the process there, and could it verify an answer now?"""

from __future__ import annotations

from fastapi import APIRouter

from .access import Service

router = APIRouter()


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(desk: Service) -> dict[str, str]:
    """The database, the keys and fresh enough lists are there; else the problem that stands."""
    desk.check()
    return {"status": "ready"}
