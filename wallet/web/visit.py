"""One run of the pages: who may see them, and what they remember while the wallet is locked.

The link that the program shows opens the pages once; the browser then holds a cookie. A form that
meets a locked wallet is kept, but for its secrets (fields whose names begin with ``secret``), and
fills the same page again after unlocking. What a person looks at beside their records (an offer, a
question, what was shared) is remembered under a random key; when the wallet locks, only the link
behind it stays. Nothing of it outlives the run. What is *not* here: HTTP (``gate``), and the idle
lock itself (``vault``).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import quote

from healthpassport.errors import ServiceError
from wallet.service import Wallet

Form = Mapping[str, tuple[str, ...]]

TOKEN_BYTES = 32
SECRET = "secret"  # noqa: S105 - how the names of secret fields begin
MAX_KEPT = 16  # forms; one a page is kept, and nobody fills in more pages than that
MAX_OPENED = 16  # things looked at; the oldest goes first
KEY_BYTES = 16
MARK_BYTES = 9


@dataclass(slots=True)
class Opened:
    """Something that is looked at: the ``link`` that leads to it again, and what it is now.

    ``value`` is None after the wallet was locked: it is to be asked for again, for the same
    ``person`` (a passport's id) where its owner chose one.
    """

    link: str
    value: object | None = field(repr=False)
    person: str = ""


class Visit:
    """What one run of the pages holds.

    Args:
        wallet: whose pages they are.
        random: where the link's token and the cookie come from.
    """

    def __init__(self, wallet: Wallet, *, random: Callable[[int], bytes]) -> None:
        self.wallet = wallet
        self.token = random(TOKEN_BYTES).hex()
        self._cookie = random(TOKEN_BYTES).hex()
        self._used = False
        self._language = ""
        self._back = "/"
        self._kept: dict[str, Form] = {}
        self._random = random
        self._marking = random(TOKEN_BYTES)
        self._opened: dict[str, Opened] = {}

    def enter(self, token: str) -> str | None:
        """The cookie for whoever brings the start link's token, once; else None."""
        if self._used or not _same(token, self.token):
            return None
        self._used = True
        return self._cookie

    def knows(self, cookie: str) -> bool:
        """Whether ``cookie`` is that of this run."""
        return _same(cookie, self._cookie)

    def speak(self, language: str) -> Wallet:
        """The wallet, which says labels and values in ``language``."""
        if language != self._language:
            self.wallet = self.wallet.speaking(language)
            self._language = language
        return self.wallet

    def keep(self, path: str, form: Iterable[tuple[str, str]] = ()) -> None:
        """Remember that the person was at ``path``, and what its form held but for secrets."""
        self._back = own_path(path)
        fields: dict[str, tuple[str, ...]] = {}
        for name, value in form:
            if not name.startswith(SECRET):
                fields[name] = (*fields.get(name, ()), value)
        if fields:
            page = self._back.partition("?")[0]
            self._kept.pop(page, None)
            self._kept[page] = fields
            while len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]

    def kept(self, path: str) -> Form | None:
        """What the form at ``path`` held when it could not be answered; told once."""
        return self._kept.pop(own_path(path), None)

    def back(self) -> str:
        """Where the person was; asked once, then it is the first page."""
        path, self._back = self._back, "/"
        return path

    def open(self, value: object, *, link: str = "") -> str:
        """Remember ``value``; the key that names it in an address."""
        key = self._random(KEY_BYTES).hex()
        self._opened[key] = Opened(link, value)
        while len(self._opened) > MAX_OPENED:
            del self._opened[next(iter(self._opened))]
        return key

    def opened(self, key: str) -> Opened:
        """What ``key`` names; ``wallet.page_unknown`` where it names nothing any more."""
        found = self._opened.get(key)
        if found is None:
            raise ServiceError("wallet.page_unknown")
        return found

    def close(self, key: str) -> None:
        """Nothing is known under ``key`` any more."""
        self._opened.pop(key, None)

    def mark(self, *parts: object) -> str:
        """What a box of a form is worth: it fits the very same box only, and in this run only."""
        text = "\0".join(map(str, parts)).encode()
        return blake2b(text, key=self._marking, digest_size=MARK_BYTES).hexdigest()

    def close_values(self) -> None:
        """The wallet was locked: of what was looked at, only links stay."""
        for key, one in tuple(self._opened.items()):
            if one.link:
                one.value = None
            else:
                del self._opened[key]

    def forget(self) -> None:
        """Forget where the person was, every form, and what they looked at."""
        self._back = "/"
        self._kept.clear()
        self._opened.clear()


def own_path(path: str) -> str:
    """``path`` as an address of these pages; the first page for one that leads elsewhere."""
    # A browser reads //host and /\host as another site.
    if not path.startswith("/") or path[1:2] in {"/", "\\"}:
        return "/"
    return quote(path, safe="/?=&%~")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
