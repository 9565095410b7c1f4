"""A holder who may do anything to what an issuer signed: show any part, edit the JSON, sign again.

The holder has the base proof and the key of the wallet, and the issuer's key not. ``EDITS`` are
changes of any JSON; those of ``SPELLINGS`` keep the statements that were signed, or nearly so, and
change what a reader of names finds.
"""

from __future__ import annotations

import copy
import json
import os
import random
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from verification_world import CHALLENGE, NOW

from healthpassport import cbor, multibase
from healthpassport.errors import CredentialError
from healthpassport.formats import data_integrity
from healthpassport.formats.ldp_vc.document import record_contexts
from healthpassport.formats.ldp_vc.identifiers import did_key, method_url
from healthpassport.keys.signer import SoftwareSigner

V2 = "https://www.w3.org/ns/credentials/v2"
CREDENTIALS = "https://www.w3.org/2018/credentials#"
VOCABULARY = "https://passport.example/vocab#"
XSD = "http://www.w3.org/2001/XMLSchema#"
# A place is a container and the name or index in it.
Spot = tuple[Any, Any]
Edit = Callable[[Any, random.Random], None]


def pointers_of(value: Any, here: str = "") -> list[str]:
    """Every JSON pointer into ``value``."""
    found = [here] if here else []
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for name, below in entries:
        step = str(name).replace("~", "~0").replace("/", "~1")
        found += pointers_of(below, f"{here}/{step}")
    return found


def derived(base: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
    """Some part of a record: what any wallet could choose, and not only a well-behaved one."""
    subject = base["credentialSubject"]
    pointers = [p for p in pointers_of({"credentialSubject": subject}) if p.count("/") > 1]
    share = chance.choice((0.1, 0.5, 1))
    chosen = [p for p in pointers if chance.random() < share]
    if chance.random() < 0.5:  # a whole record, without one thing perhaps
        chosen = [f"/credentialSubject/{name}" for name in subject if chance.random() < 0.9]
    while True:
        try:
            return data_integrity.derive(
                base, pointers=chosen, contexts=record_contexts(), randomness=os.urandom
            )
        except CredentialError:  # a pointer into a literal, which is shown whole
            chosen = [p for p in chosen if "/unit/" not in p and p.count("/") < 5 - len(chosen) % 3]
            chosen = chosen[1:]


def signed(
    credentials: Any, holder: SoftwareSigner, *, body: Edit | None = None, **members: Any
) -> dict[str, Any]:
    """A presentation of ``credentials`` for the desk's request, with ``body`` edited before."""
    document: dict[str, Any] = {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": did_key(holder.public_key),
        "verifiableCredential": credentials,
        **members,
    }
    if body is not None:
        body(document, random.Random(0))  # noqa: S311 - repeats on purpose
    return data_integrity.add_proof(
        document,
        cryptosuite="ecdsa-rdfc-2019",
        signer=holder,
        verification_method=method_url(holder.public_key),
        purpose="authentication",
        created=NOW,
        challenge=CHALLENGE.nonce,
        domain=CHALLENGE.audience,
        contexts=record_contexts(),
        randomness=os.urandom,
    )


def spots(value: Any) -> list[Spot]:
    """Every place in ``value``."""
    found: list[Spot] = []
    pending = [value]
    while pending:
        node = pending.pop()
        names = list(node) if isinstance(node, dict) else range(len(node))
        found += [(node, name) for name in names]
        pending += [node[name] for name in names if isinstance(node[name], dict | list)]
    return found


def _spot(document: Any, chance: random.Random) -> Spot:
    return chance.choice(spots(document))


def _object(document: Any, chance: random.Random) -> dict[str, Any]:
    inside = [box[name] for box, name in spots(document) if isinstance(box[name], dict)]
    return chance.choice([document, *inside])


def _pool(document: Any, chance: random.Random) -> Any:
    """A value from elsewhere in the document, or one that JSON-LD reads in its own way."""
    made = (
        None,
        [],
        {},
        "",
        0,
        1,
        2,
        2.0,
        True,
        False,
        "_:b0",
        "_:c14n0",
        [None],
        [[]],
        "none_known",
    )
    if chance.random() < 0.5:
        return copy.deepcopy(chance.choice(made))
    box, name = _spot(document, chance)
    return copy.deepcopy(box[name])


def remove(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    del box[name]


def replace_value(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    box[name] = _pool(document, chance)


def swap(document: Any, chance: random.Random) -> None:
    (box, name), (other, second) = _spot(document, chance), _spot(document, chance)
    one, two = copy.deepcopy(box[name]), copy.deepcopy(other[second])
    box[name], other[second] = two, one


def move(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    value = copy.deepcopy(box[name])
    del box[name]
    _object(document, chance)[str(name)] = value


def double(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    if isinstance(box, list):
        box.append(copy.deepcopy(box[name]))
    else:
        box[name] = [copy.deepcopy(box[name]), copy.deepcopy(box[name])]


def reorder(document: Any, chance: random.Random) -> None:
    lists = [box[name] for box, name in spots(document) if isinstance(box[name], list)]
    if lists:
        chance.shuffle(chance.choice(lists))


def retype(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    value = box[name]
    if isinstance(value, bool) or value is None:
        box[name] = str(value).lower()
    elif isinstance(value, int | float):
        box[name] = chance.choice((float(value), str(value), value + 1, [value], bool(value)))
    elif isinstance(value, str):
        forms = (value.upper(), unicodedata.normalize("NFD", value), value + " ", [value], "")
        box[name] = chance.choice(forms)


def add(document: Any, chance: random.Random) -> None:
    names = ("id", "type", "items", "negations", "warnings", "state", "itemCount", "unit", "onset")
    more = ("@id", "@type", "@graph", "@included", "@set", "@nest", "@reverse", "@context", "proof")
    last = ("", "vct", "status", "credentialStatus", "validUntil", "name", "@foo", "previousProof")
    _object(document, chance)[chance.choice(names + more + last)] = _pool(document, chance)


EDITS: tuple[Edit, ...] = (remove, replace_value, swap, move, double, reorder, retype, add)


def full_name(document: Any, chance: random.Random) -> None:
    """A member by its IRI, its value with the datatype that the term gave it."""
    box = _object(document, chance)
    if not box:
        return
    name = chance.choice(list(box))
    value, bases = box[name], (CREDENTIALS, VOCABULARY, VOCABULARY[:-1] + "/AllergySummary#")
    given: Any = value
    if chance.random() < 0.7:
        kind = chance.choice(("@json", XSD + "date", XSD + "dateTime"))
        given = {"@value": value, "@type": kind}
    known = {"id": "@id", "type": "@type"}
    new = known.get(name) or chance.choice(bases) + name
    renewed = {(new if n == name else n): (given if n == name else v) for n, v in box.items()}
    box.clear()
    box.update(renewed)


def wrap(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    value = box[name]
    ways = ([value], {"@set": [value]}, {"@value": value}, {"@list": [value]}, {"@id": value})
    box[name] = chance.choice((*ways, {"@graph": value}, {"id": value}, [[value]]))


def unwrap(document: Any, chance: random.Random) -> None:
    box, name = _spot(document, chance)
    if isinstance(box[name], list) and box[name]:
        box[name] = box[name][0]


def split(document: Any, chance: random.Random) -> None:
    """One object as two that name the same thing."""
    box, name = _spot(document, chance)
    if not isinstance(box[name], dict) or not box[name]:
        return
    first = dict(box[name])
    named = chance.choice(("id", "@id"))
    first.setdefault(named, "_:b0")
    second = {key: first[key] for key in ("id", "@id", "type") if key in first}
    for key in [k for k in first if k not in second and chance.random() < 0.5]:
        second[key] = first.pop(key)
    box[name] = [first, second]


def aside(document: Any, chance: random.Random) -> None:
    """Members in a @nest, @included or @set beside, with others of the same name in their place."""
    box = _object(document, chance)
    moved = {name: box[name] for name in list(box) if name != "@context" and chance.random() < 0.5}
    for name in moved:
        if chance.random() < 0.5:
            box[name] = _pool(document, chance)
        else:
            del box[name]
    keyword = chance.choice(("@nest", "@included", "@graph", "@set", "@reverse"))
    box[keyword] = chance.choice((moved, [moved]))


def whole_aside(document: Any, chance: random.Random) -> None:
    """Everything that was signed in a free set, and other members for the reader of names."""
    kept = {n: copy.deepcopy(v) for n, v in document.items() if n not in {"@context", "proof"}}
    chance.choice(EDITS)(document["credentialSubject"], chance)
    document[chance.choice(("@set", "@included", "@graph", "@list"))] = [kept]


def context(document: Any, chance: random.Random) -> None:
    """Contexts that say more, less, or the same in another order."""
    found = document.get("@context")
    named = list(found) if isinstance(found, list) else [found]
    hidden = {"@context": None, "state2": VOCABULARY + "state", "n": "@nest", "seen": "@set"}
    more: Any = chance.choice((V2, {}, None, hidden, {"x": CREDENTIALS}, {"@vocab": VOCABULARY}))
    document["@context"] = chance.choice(
        (named[::-1], named[:1], [*named, more], [named], {"@context": named}, named + named)
    )
    if chance.random() < 0.3:
        _object(document, chance)["@context"] = more


def more_proofs(document: Any, chance: random.Random) -> None:
    proof = document.get("proof")
    other: Any = {**proof} if isinstance(proof, dict) else {}
    name = chance.choice(("cryptosuite", "created", "id", "nonce", "@context", "domain", "expires"))
    values = ("ecdsa-rdfc-2019", "_:p", document.get("@context"), [], "2030-01-01T00:00:00Z")
    other[name] = chance.choice(values)
    document["proof"] = chance.choice(([proof, other], [proof, proof], [proof], other, [], [other]))


def proof_value(document: Any, chance: random.Random) -> None:
    """Signatures, labels and indexes dropped, doubled or exchanged."""
    proof = document.get("proof")
    value = proof.get("proofValue") if isinstance(proof, dict) else None
    if not isinstance(value, str) or not value.startswith("u"):
        return
    data = multibase.decode(value)
    parts: list[Any] = list(cbor.decode(data[3:]))  # type: ignore[arg-type]
    which = chance.choice((2, 3, 4))
    if isinstance(parts[which], dict):
        labels = list(parts[which].values())
        chance.shuffle(labels)
        parts[which] = dict(zip(parts[which], labels, strict=True))
    elif parts[which]:
        chance.choice((reorder, remove, double))([parts[which]], chance)
    proof["proofValue"] = multibase.encode_base64url(data[:3] + cbor.encode(parts))


SPELLINGS: tuple[Edit, ...] = (
    full_name,
    wrap,
    unwrap,
    split,
    aside,
    whole_aside,
    context,
    more_proofs,
    proof_value,
    reorder,
)


def edited(document: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
    """``document`` after one to three edits."""
    found = copy.deepcopy(dict(document))
    for _ in range(chance.choice((1, 1, 2, 3))):
        edit = chance.choice(chance.choice((EDITS, SPELLINGS, SPELLINGS)))
        before = copy.deepcopy(found)
        try:
            edit(found, chance)
            found = json.loads(json.dumps(found))  # a tree again
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            found = before  # an edit that the one before made impossible
        if not isinstance(found, dict) or not found:
            return before
    return found


def text_of(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)
