"""From a photo of a QR code to the text in it.

Of several codes the one that a wallet can use counts. What is *not* here: reading pictures
(``healthpassport.pictures``), and what the text means (``asking``, ``offers``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.errors import RequestError
from healthpassport.pictures import MAX_BYTES, codes_in
from healthpassport.protocols.oid4vci.web_links import parse_web_link

__all__ = ["MAX_BYTES", "read_picture"]

# How the codes begin that a wallet can use; others (a shop's, a web page's) are passed over.
USEFUL: Final = ("openid4vp:", "haip-vp:", "haip:", "openid-credential-offer:", "haip-vci:")


def read_picture(data: bytes) -> str:
    """The text of the QR code in the picture ``data``.

    Raises:
        RequestError: ``request.picture`` where it is no picture, too large, or holds no code.
    """
    texts = codes_in(data, refusal=lambda why: RequestError("request.picture", why))
    if not texts:
        raise RequestError("request.picture")
    useful = [text for text in texts if text.lower().startswith(USEFUL) or parse_web_link(text)]
    return (useful or list(texts))[0]
