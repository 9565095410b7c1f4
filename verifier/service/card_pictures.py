"""From a photo or scan of an emergency card to the text of its code.

Rules: a picture is bounded in bytes and pixels before it is unpacked; only the kinds that cameras
and scanners make are opened; it is kept nowhere. What is *not* here: what the text says.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Final

import zxingcpp
from PIL import Image

from healthpassport.errors import CardError
from schemas.cards import table

KINDS: Final = ("JPEG", "PNG", "WEBP", "TIFF")
MAX_BYTES: Final = 12_582_912  # a photo of a good phone has some 5 MB
MAX_PIXELS: Final = 50_000_000  # 8,000 x 6,250
SIDE: Final = 2_400  # pixels: larger pictures are made smaller, which a code survives


def read_picture(data: bytes) -> str:
    """The text of the card in the picture ``data``; other codes beside it are passed over.

    Raises:
        CardError: ``card.image``.
    """
    if len(data) > MAX_BYTES:
        raise CardError("card.image", "the picture is too large")
    grey = _grey(data)
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    texts = [code.text for code in zxingcpp.read_barcodes(grey, formats=formats) if code.valid]
    found = [text for text in texts if text.startswith(table().prefix)]
    if not found:
        raise CardError("card.prefix" if texts else "card.image")
    if len(set(found)) > 1:
        raise CardError("card.image", "there is more than one card in the picture")
    return found[0]


def _grey(data: bytes) -> Image.Image:
    """The picture in grey, no side longer than ``SIDE``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=KINDS)
            if picture.width * picture.height > MAX_PIXELS:
                raise CardError("card.image", "the picture has too many pixels")
            grey = picture.convert("L")
    except (
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
    ) as error:
        raise CardError("card.image", "this is no picture that can be opened") from error
    grey.thumbnail((SIDE, SIDE))
    return grey
