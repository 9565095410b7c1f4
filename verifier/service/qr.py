"""The code on the screen, as SVG without any style of its own."""

from __future__ import annotations

import io
from typing import Final

import segno

SCALE: Final = 6  # pixels a module


def paper_qr_svg(text: str) -> str | None:
    """``text`` as an SVG image for paper; None where it is more than one code holds.

    Level L: the text stands beside the code, so that a stain costs nothing but typing.
    """
    try:
        code = segno.make_qr(text, error="l", boost_error=False)
    except segno.DataOverflowError:
        return None
    return _svg(code)


def qr_svg(link: str) -> str:
    """``link`` as an SVG image of error correction level M."""
    return _svg(segno.make_qr(link, error="m", boost_error=False))


def _svg(code: segno.QRCode) -> str:
    output = io.BytesIO()
    code.save(output, kind="svg", scale=SCALE, xmldecl=False, svgns=True, nl=False, omitsize=True)
    return output.getvalue().decode("utf-8")
