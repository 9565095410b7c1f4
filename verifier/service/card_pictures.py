"""From a photo or scan of an emergency card to the text of its code.

What is *not* here: reading pictures (``healthpassport.pictures``), and what the text says.
"""

from __future__ import annotations

from healthpassport.errors import CardError
from healthpassport.pictures import MAX_BYTES, SCANS, codes_in
from schemas.cards import table

__all__ = ["MAX_BYTES", "read_picture"]


def read_picture(data: bytes) -> str:
    """The text of the card in the picture ``data``; other codes beside it are passed over.

    Raises:
        CardError: ``card.image``, or ``card.prefix`` where it holds other codes alone.
    """
    texts = codes_in(data, kinds=SCANS, refusal=lambda why: CardError("card.image", why))
    found = {text for text in texts if text.startswith(table().prefix)}
    if not found:
        raise CardError("card.prefix" if texts else "card.image")
    if len(found) > 1:
        raise CardError("card.image", "there is more than one card in the picture")
    return found.pop()
