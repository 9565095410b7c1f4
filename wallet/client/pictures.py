"""From a photo of a QR code to the text in it.

Rules: a picture is bounded in bytes and pixels before it is unpacked; only the kinds of picture
that cameras and screens make are opened; of several codes the one that a wallet can use counts; the
picture is kept nowhere. What is *not* here: what the text means (``asking``, ``offers``).
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from healthpassport.errors import RequestError

KINDS: Final = ("JPEG", "PNG", "WEBP")
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
MAX_BYTES: Final = 12_582_912  # a photo of a good phone has some 5 MB
MAX_PIXELS: Final = 50_000_000  # 8,000 x 6,250
SIDE: Final = 2400  # pixels: larger pictures are made smaller, which a QR code survives
# How the codes begin that a wallet can use; others (a shop's, a web page's) are passed over.
USEFUL: Final = ("openid4vp:", "haip-vp:", "haip:", "openid-credential-offer:", "haip-vci:")


def read_picture(data: bytes) -> str:
    """The text of the QR code in the picture ``data``.

    Raises:
        RequestError: ``request.picture`` where it is no picture, too large, or holds no code.
    """
    if len(data) > MAX_BYTES:
        raise RequestError("request.picture", "the picture is too large")
    found = zxingcpp.read_barcodes(_grey(data), formats=_QR)
    texts = [code.text for code in found if code.valid and code.text]
    useful = [text for text in texts if text.lower().startswith(USEFUL)]
    if not texts:
        raise RequestError("request.picture")
    return (useful or texts)[0]


def _grey(data: bytes) -> Image.Image:
    """The picture in grey, no side longer than ``SIDE``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=KINDS)
            if picture.width * picture.height > MAX_PIXELS:
                raise RequestError("request.picture", "the picture has too many pixels")
            picture.draft("L", (SIDE, SIDE))  # a JPEG is unpacked no larger than it need be
            grey = picture.convert("L")
    except (
        UnidentifiedImageError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
    ) as error:
        raise RequestError("request.picture", "this is no picture that we can open") from error
    grey.thumbnail((SIDE, SIDE))
    return grey
