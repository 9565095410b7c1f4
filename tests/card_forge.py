"""Emergency cards for tests: sound ones, and hostile ones made of the same parts.

Run as a program it writes ``tests/vectors/emergency_cards.json`` anew, for other implementations.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from record_examples import allergies, identity, medicines

from healthpassport import cards
from healthpassport.cards import CardClaims, base45
from healthpassport.keys import Signer
from healthpassport.keys.signer import signer_from_library
from healthpassport.summary import SectionState
from schemas.cards import table

ISS = "https://surgery.example"
LIST = "https://surgery.example/status/1"
SIGNED = datetime(2026, 11, 9, tzinfo=UTC)
ENDS = datetime(2027, 5, 10, tzinfo=UTC)
VECTORS = Path(__file__).parent / "vectors" / "emergency_cards.json"
# The private key of a test may be known to all.
SIGNER: Signer = signer_from_library(ec.derive_private_key(20261125, ec.SECP256R1()))
CARD = -65537


def claims(*records, iss: str = ISS, index: int = 7, **changes: Any) -> CardClaims:
    """The claims of a card of ``records``: an allergy list and medicines where none are given."""
    held = records or (identity(), allergies(), medicines("current", "stopped"))
    content = cards.build(held, cards.choices(held, cards.usual(held)))
    return replace(CardClaims(iss, SIGNED, ENDS, LIST, index, content), **changes)


def card(*records, signer: Signer = SIGNER, **changes: Any) -> str:
    """A signed card."""
    return cards.issue(claims(*records, **changes), signer=signer)


def unpacked(text: str) -> bytes:
    """The COSE message in ``text``."""
    return zlib.decompress(base45.decode(text.removeprefix(table().prefix)), -15)


def packed(message: bytes) -> str:
    """``message`` as the text of a code."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return table().prefix + base45.encode(packer.compress(message) + packer.flush())


def resigned(payload: bytes, *, protected: bytes | None = None, aad: bytes | None = None) -> str:
    """A card whose signature is right over whatever ``payload`` holds."""
    header = protected if protected is not None else cbor2.loads(unpacked(card())).value[0]
    outside = table().external_aad if aad is None else aad
    signed = cbor2.dumps(["Signature1", header, outside, payload], canonical=True)
    signature = SIGNER.sign(signed)
    return packed(cbor2.dumps(cbor2.CBORTag(18, [header, {}, payload, signature])))


def bent(change: Callable[[dict[Any, Any]], object]) -> str:
    """A card that the issuer itself signed after ``change`` altered its claims."""
    payload = cbor2.loads(cbor2.loads(unpacked(card())).value[2])
    change(payload)
    return resigned(cbor2.dumps(payload))


def _at(*path: Any) -> Callable[[dict[Any, Any]], Any]:
    def found(row: dict[Any, Any]) -> Any:
        value: Any = row
        for step in path:
            value = value[step]
        return value

    return found


def hostile() -> Iterator[tuple[str, str, str]]:
    """(what it is, the text, the code that refuses it)."""
    sound = card()
    message = cbor2.loads(unpacked(sound)).value
    header, payload, signature = message[0], message[2], message[3]
    tagged = lambda parts: packed(cbor2.dumps(cbor2.CBORTag(18, parts)))  # noqa: E731
    yield "no prefix", sound.removeprefix("HPC1:"), "card.prefix"
    yield "a prefix of another version", sound.replace("HPC1:", "HPC2:"), "card.prefix"
    yield "a health certificate of another kind", sound.replace("HPC1:", "HC1:"), "card.prefix"
    yield "longer than any card", "HPC1:" + "0" * 900, "card.size"
    yield "small letters", "HPC1:" + sound[5:].lower(), "card.base45"
    yield "one character alone at the end", sound[: 5 + 3 * 40] + "0", "card.base45"
    yield "a group beyond two bytes", sound[:5] + ":::" + sound[8:], "card.base45"
    yield "half of a card", sound[: 5 + 3 * 60], "card.deflate"
    yield (
        "something behind the stream",
        "HPC1:" + base45.encode(base45.decode(sound[5:]) + b"\0"),
        "card.deflate",
    )
    yield "no deflate at all", "HPC1:" + base45.encode(b"\xff" * 100), "card.deflate"
    yield "a bomb", packed(bytes(1_000_000)), "card.size"
    yield "no CBOR", packed(b"\xff\xff"), "card.cbor"
    yield "an untagged message", packed(cbor2.dumps(message)), "card.cose"
    yield "a MAC", packed(cbor2.dumps(cbor2.CBORTag(17, message))), "card.cose"
    yield "three parts", tagged(message[:3]), "card.cose"
    yield (
        "an unprotected header",
        tagged([header, {4: b"12345678"}, payload, signature]),
        "card.cose",
    )
    yield "no algorithm", resigned(payload, protected=cbor2.dumps({4: bytes(8)})), "card.cose"
    yield (
        "the algorithm none",
        resigned(payload, protected=cbor2.dumps({1: 0, 4: bytes(8)})),
        "card.cose",
    )
    yield (
        "a critical header",
        resigned(payload, protected=cbor2.dumps({1: -7, 2: [1], 4: bytes(8)})),
        "card.cose",
    )
    yield (
        "a key's name of one byte",
        resigned(payload, protected=cbor2.dumps({1: -7, 4: b"1"})),
        "card.cose",
    )
    yield from _signed_all_the_same(payload)


def _signed_all_the_same(payload: bytes) -> Iterator[tuple[str, str, str]]:
    """Hostile cards whose signature is right."""
    yield (
        "an issuer that is no address",
        bent(lambda row: row.update({1: "surgery"})),
        "card.claims",
    )
    yield "no end", bent(lambda row: row.pop(4)), "card.claims"
    yield "no status", bent(lambda row: row.pop(65535)), "card.claims"
    yield (
        "a status at no index",
        bent(lambda row: row[65535]["status_list"].update({"idx": -1})),
        "card.content",
    )
    yield (
        "a status list without https",
        bent(
            lambda row: row[65535]["status_list"].update({"uri": "http://surgery.example/status/1"})
        ),
        "card.claims",
    )
    yield "one claim more", bent(lambda row: row.update({3: "desk"})), "card.claims"
    yield "no allergies", bent(lambda row: row[CARD][10].pop(1)), "card.no_allergies"
    yield "no name", bent(lambda row: row[CARD].pop(1)), "card.content"
    yield "no birth date", bent(lambda row: row[CARD].pop(3)), "card.content"
    yield "no state", bent(lambda row: row[CARD][10][1].pop(1)), "card.content"
    yield "no count", bent(lambda row: row[CARD][10][1].pop(2)), "card.content"
    yield (
        "fewer allergies counted than shown",
        bent(lambda row: row[CARD][10][1].update({2: 1})),
        "card.content",
    )
    yield (
        "no known allergies beside an allergy",
        bent(lambda row: row[CARD][10][1].update({1: 2})),
        "card.content",
    )
    yield "none known, and five of them", bent(_none_of_five), "card.content"
    yield (
        "a state that does not exist",
        bent(lambda row: row[CARD][10][1].update({1: 9})),
        "card.content",
    )
    yield (
        "a section that does not exist",
        bent(lambda row: row[CARD][10].update({99: {1: 1, 2: 0}})),
        "card.content",
    )
    yield (
        "a dose without its drug",
        bent(lambda row: _at(CARD, 10, 2, 4, 0)(row).pop(1)),
        "card.content",
    )
    yield (
        "an entry with a member of no name",
        bent(lambda row: _at(CARD, 10, 1, 4, 0)(row).update({30: "x"})),
        "card.content",
    )
    yield (
        "a word of the table as text",
        bent(lambda row: _at(CARD, 10, 1, 4, 0)(row).update({2: "active"})),
        "card.content",
    )
    yield (
        "a whole date as text",
        bent(lambda row: row[CARD].update({3: "1958-07-14"})),
        "card.content",
    )
    yield (
        "members out of order",
        resigned(cbor2.dumps(dict(reversed(cbor2.loads(payload).items())))),
        "card.content",
    )
    yield "a map key twice", resigned(b"\xa2\x01\x01\x01\x02"), "card.cbor"
    yield "an indefinite length", resigned(b"\xbf\x01\x01\xff"), "card.cbor"
    yield "a float", resigned(cbor2.dumps({1: 1.5})), "card.cbor"
    yield "a thousand levels", resigned(b"\x81" * 1_000 + b"\x01"), "card.cbor"
    yield "a number longer than it must be", resigned(b"\x18\x01"), "card.cbor"


def _none_of_five(row: dict[Any, Any]) -> None:
    row[CARD][10][1] = {1: 2, 2: 5}


def vectors() -> dict[str, Any]:
    """Everything for the file: the key, sound cards with what they say, hostile ones with why."""
    none = allergies(items=(), state=SectionState.NONE_KNOWN)
    good = {
        "two allergies and a medicine": card(),
        "no known allergies": card(identity(), none),
        "one of two allergies": card(content=_one_of_two()),
    }
    return {
        "publicKey": SIGNER.public_key.jwk(),
        "externalAad": table().external_aad.decode(),
        "sound": [
            {"name": name, "text": text, "payload": cbor2.loads(unpacked(text)).value[2].hex()}
            for name, text in good.items()
        ],
        "hostile": [{"name": n, "text": text, "code": code} for n, text, code in hostile()],
    }


def _one_of_two() -> cards.CardContent:
    held = (identity(), allergies())
    keys = [entry.key for entry in cards.entries(held) if entry.ticked][:1]
    return cards.build(held, cards.choices(held, keys))


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
