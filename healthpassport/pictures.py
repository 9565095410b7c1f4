"""From a photo or scan to the text of the QR codes in it, for a wallet and for a desk.

Rules: a picture is bounded in bytes and pixels before it is unpacked; only the kinds that cameras,
screens and scanners make are opened; it is kept nowhere. It needs image libraries, which are
installed with the apps that have pages. What is *not* here: what a code's text means.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Final, TypeAlias

import zxingcpp
from PIL import Image

from healthpassport.errors import PassportError

KINDS: Final = ("JPEG", "PNG", "WEBP")
SCANS: Final = (*KINDS, "TIFF")
MAX_BYTES: Final = 12_582_912  # a photo of a good phone has some 5 MB
MAX_PIXELS: Final = 50_000_000  # 8,000 x 6,250
SIDE: Final = 2_400  # pixels: larger pictures are made smaller, which a code survives
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

Refusal: TypeAlias = Callable[[str], PassportError]


def codes_in(data: bytes, *, refusal: Refusal, kinds: tuple[str, ...] = KINDS) -> tuple[str, ...]:
    """The text of each QR code in the picture ``data``, in no order that means anything.

    Args:
        data: the file as it came.
        refusal: makes the error for a picture that is not read, from what is wrong with it.
        kinds: the kinds of picture that are opened.

    Raises:
        PassportError: what ``refusal`` makes.
    """
    if len(data) > MAX_BYTES:
        raise refusal("the picture is too large")
    found = zxingcpp.read_barcodes(_grey(data, kinds, refusal), formats=_QR)
    return tuple(code.text for code in found if code.valid and code.text)


def _grey(data: bytes, kinds: tuple[str, ...], refusal: Refusal) -> Image.Image:
    """The picture in grey, no side longer than ``SIDE``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=kinds)
            if picture.width * picture.height > MAX_PIXELS:
                raise refusal("the picture has too many pixels")
            picture.draft("L", (SIDE, SIDE))  # a JPEG is unpacked no larger than it need be
            grey = picture.convert("L")
    except (
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
    ) as error:
        raise refusal("this is no picture that can be opened") from error
    grey.thumbnail((SIDE, SIDE))
    return grey
