"""The code on the screen, as SVG without any style of its own."""

from __future__ import annotations

import io
from typing import Final

import segno

SCALE: Final = 6  # pixels a module


def qr_svg(link: str) -> str:
    """``link`` as an SVG image of error correction level M."""
    output = io.BytesIO()
    code = segno.make_qr(link, error="m", boost_error=False)
    code.save(output, kind="svg", scale=SCALE, xmldecl=False, svgns=True, nl=False, omitsize=True)
    return output.getvalue().decode("utf-8")
