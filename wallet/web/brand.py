"""The look that the settings give: a colour, a font and a logo. The name stands in templates.

What is *not* here: the style sheets themselves (``static``).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from healthpassport.errors import ServiceError

from .page import Seen

LOGO_KINDS: Final = {".svg": "image/svg+xml", ".png": "image/png"}

router = APIRouter(prefix="/brand")


@router.get("/look.css")
def look(page: Seen) -> Response:
    """Colour and font as a style sheet; the settings let nothing else through."""
    settings = page.settings
    font = f'"{settings.brand_font}", ' if settings.brand_font else ""
    text = f":root {{ --brand: {settings.brand_colour}; --brand-font: {font}var(--font); }}\n"
    return Response(text, media_type="text/css")


@router.get("/logo")
def logo(page: Seen) -> Response:
    """The logo's file."""
    path = page.settings.brand_logo
    if path is None or path.suffix not in LOGO_KINDS or not path.is_file():
        raise ServiceError("wallet.page_unknown")
    return Response(path.read_bytes(), media_type=LOGO_KINDS[path.suffix])
