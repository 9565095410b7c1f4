"""Ways into the wallet: the list of them, a passkey, twelve words for paper, a new passphrase.

Every change needs one way that opens the wallet already. A passkey speaks in the browser (WebAuthn
with PRF, ``passkey.js``): its secret comes as a form's field, and opening the vault is the only
proof that counts. What is *not* here: keys and their wrapping (``vault``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import EncodingError, ServiceError, VaultError
from wallet.service import Wallet
from wallet.vault import Passkey, WayKind

from .page import Page, Seen
from .words import msg

SECRET_LENGTH: Final = 4096  # characters
CREDENTIAL_LENGTH: Final = 1400  # characters of base64url: 1,023 bytes
LABEL_LENGTH: Final = 40  # characters
NAMES: Final = {
    WayKind.PASSPHRASE: msg("Passphrase"),
    WayKind.WORDS: msg("Twelve words on paper"),
    WayKind.PASSKEY: msg("Passkey"),
}
# What the person can mend beside the field.
BESIDE: Final = frozenset(
    {"vault.unlock_failed", "vault.wait", "vault.passphrase_weak", "vault.way_exists"}
    | {"vault.last_way", "vault.passkey", "vault.way_unknown"}
)

router = APIRouter(prefix="/ways")
Secret = Annotated[str, Form(max_length=SECRET_LENGTH)]
Short = Annotated[str, Form(max_length=CREDENTIAL_LENGTH)]


def passkey_of(credential: str, secret: str) -> Passkey:
    """The passkey that a browser's form tells of; ``vault.passkey`` where it cannot be read."""
    try:
        return Passkey(b64url_decode(credential), b64url_decode(secret))
    except EncodingError as error:
        raise VaultError("vault.passkey", error.code) from error


def passkeys_of(wallet: Wallet) -> tuple[str, ...]:
    """The names of the wallet's passkeys, for a browser to ask for; known while locked."""
    found = (way.credential_id for way in wallet.ways.list())
    return tuple(b64url_encode(name) for name in found if name)


@router.get("")
def ways(page: Seen) -> Response:
    """All ways in."""
    return _list(page)


@router.post("")
def change(
    page: Seen, secret: Secret = "", secret_new: Secret = "", secret_again: Secret = ""
) -> Response:
    """A new passphrase in place of the old one."""
    if secret_new != secret_again:
        return _list(page, wrong=page.words(msg("The two are not the same. Type them again.")))
    try:
        page.wallet.change_passphrase(secret, secret_new)
    except VaultError as error:
        return _list(page, wrong=_beside(page, error))
    return page.go("/ways")


@router.get("/passkey")
def passkey(page: Seen) -> Response:
    """Make a passkey, which the browser does."""
    return _passkey(page)


@router.post("/passkey")
def add_passkey(
    page: Seen,
    secret: Secret = "",
    credential: Short = "",
    secret_prf: Short = "",
    label: Annotated[str, Form(max_length=LABEL_LENGTH)] = "",
) -> Response:
    """From now on the passkey opens the wallet too."""
    try:
        made = passkey_of(credential, secret_prf)
        given = page.wallet.ways.read(secret)
        page.wallet.ways.add_passkey(made.credential_id, made.secret, given=given, label=label)
    except VaultError as error:
        return _passkey(page, wrong=_beside(page, error), label=label)
    return page.go("/ways")


@router.get("/words")
def new_words(page: Seen) -> Response:
    """Twelve new words, which count once they are written down."""
    return page.go(f"/ways/words/{page.visit.open(page.wallet.ways.new_words())}")


@router.get("/words/{key}")
def show_words(page: Seen, key: str) -> Response:
    """The words to write down."""
    return _words(page, key)


@router.post("/words/{key}")
def add_words(page: Seen, key: str, secret: Secret = "") -> Response:
    """From now on they open the wallet too."""
    words = _found(page, key)
    try:
        page.wallet.ways.add_words(words, given=page.wallet.ways.read(secret))
    except VaultError as error:
        return _words(page, key, wrong=_beside(page, error))
    page.visit.close(key)
    return page.go("/ways")


@router.get("/remove/{way_id}")
def ask(page: Seen, way_id: str) -> Response:
    """Ask once more."""
    return _remove(page, way_id)


@router.post("/remove/{way_id}")
def remove(page: Seen, way_id: str, secret: Secret = "") -> Response:
    """Take a way in out."""
    try:
        page.wallet.ways.remove(way_id, given=page.wallet.ways.read(secret))
    except VaultError as error:
        return _remove(page, way_id, wrong=_beside(page, error))
    return page.go("/ways")


def _beside(page: Page, error: VaultError) -> str:
    """The words of an error that belongs beside a field; any other is raised on."""
    if error.code not in BESIDE:
        raise error
    return f"{page.words(error.title)} {page.words(error.hint)}"


def _list(page: Page, *, wrong: str = "") -> Response:
    found = page.wallet.ways.list()
    return page.show(
        "ways/ways.html",
        status=400 if wrong else 200,
        ways=[(way, page.words(NAMES[way.kind])) for way in found],
        has_passphrase=any(way.kind is WayKind.PASSPHRASE for way in found),
        has_words=any(way.kind is WayKind.WORDS for way in found),
        wrong=wrong,
    )


def _passkey(page: Page, *, wrong: str = "", label: str = "") -> Response:
    return page.show(
        "ways/passkey.html",
        status=400 if wrong else 200,
        wrong=wrong,
        label=label,
        asked=b64url_encode(page.wallet.ways.passkey_input),
        passkeys=passkeys_of(page.wallet),
    )


def _words(page: Page, key: str, *, wrong: str = "") -> Response:
    status = 400 if wrong else 200
    return page.show("ways/words.html", status=status, twelve=_found(page, key), wrong=wrong)


def _remove(page: Page, way_id: str, *, wrong: str = "") -> Response:
    way = next((way for way in page.wallet.ways.list() if way.id == way_id), None)
    if way is None:
        raise VaultError("vault.way_unknown")
    status = 400 if wrong else 200
    name = page.words(NAMES[way.kind])
    return page.show("ways/remove.html", status=status, way=way, name=name, wrong=wrong)


def _found(page: Page, key: str) -> tuple[str, ...]:
    found = page.visit.opened(key).value
    if not isinstance(found, tuple) or not all(isinstance(word, str) for word in found):
        raise ServiceError("wallet.page_unknown")
    return found
