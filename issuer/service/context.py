"""What every service of the issuer needs: settings, database, key, chain, clock, randomness."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from healthpassport.encoding import b64url_encode
from healthpassport.errors import SettingsError
from healthpassport.fetch import Fetcher
from healthpassport.keys import Signer, load_signer
from healthpassport.keys.made import made_key
from healthpassport.suites import POST_QUANTUM
from issuer.client import Source
from issuer.settings import SD_JWT_VC, Settings
from issuer.store import Store, open_store, spent

from . import status_journal
from .audit import AuditTrail
from .key_schedule import Keys, SigningKey, first_line, key_at, open_keys
from .known_wallets import KnownWallets, read_known_wallets
from .loops import Loops
from .pace import Pace
from .patient_provider import PatientProvider, open_patient_provider
from .places import Pool, open_lists, settle, tell_anew
from .sources import open_sources

if TYPE_CHECKING:
    from .token_lists import PublishedList

Clock: TypeAlias = Callable[[], datetime]
Randomness: TypeAlias = Callable[[int], bytes]

NONCE_KEY: Final = "nonce-key"
SECRET_BYTES: Final = 32  # 256 random bits for everything that must not be guessed


@dataclass(frozen=True, slots=True)
class IssuerContext:
    """One issuer at work.

    ``keys`` are those that sign, each from its day on; ``signer``, ``x5c`` (DER, leaf first) and
    ``certified_from`` are those of the key that signs now. ``second_signer`` makes the signature
    beside the first (docs/adr/0025), where the issuer has one. ``sources`` are where it reads notes
    itself, by their kinds; ``wallets`` those that ask by themselves, ``patients`` the service at
    which patients sign in, None where they do not. ``published`` and ``published_bitstrings``
    remember the signed status lists of either kind by their numbers; ``places`` are those of the
    lists that this process has leased and not yet given; ``loops`` are what it does beside,
    ``pace`` is how its clock goes.
    """

    settings: Settings
    store: Store
    keys: Keys
    nonce_key: bytes = field(repr=False)
    clock: Clock
    random: Randomness
    audit: AuditTrail
    second_signer: Signer | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    wallets: KnownWallets = field(default_factory=KnownWallets)
    patients: PatientProvider | None = None
    published: dict[int, PublishedList] = field(default_factory=dict)
    published_bitstrings: dict[int, PublishedList] = field(default_factory=dict)
    places: Pool = field(default_factory=Pool)
    loops: Loops = field(default_factory=Loops)
    pace: Pace = field(default_factory=Pace)

    @property
    def signing(self) -> SigningKey:
        """The key that signs now, with its chain."""
        return key_at(self.keys, self.clock())

    @property
    def signer(self) -> Signer:
        """The signer of the key that signs now."""
        return self.signing.signer

    @property
    def x5c(self) -> tuple[bytes, ...]:
        """The chain of the key that signs now."""
        return self.signing.x5c

    @property
    def certified_from(self) -> datetime:
        """When the chain of the key that signs now came into force."""
        return self.signing.certified_from

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self.clock().timestamp())

    def secret(self) -> str:
        """A new unguessable text."""
        return b64url_encode(self.random(SECRET_BYTES))

    def url(self, path: str) -> str:
        """The public address of ``path`` of this issuer."""
        return f"{self.settings.iss}{path}"


def open_issuer(
    settings: Settings,
    *,
    clock: Clock,
    random: Randomness,
    operator: str = "",
    fetcher: Fetcher | None = None,
) -> IssuerContext:
    """The issuer that ``settings`` describe, with its database at the present schema.

    ``operator`` is whoever runs a command, for the audit trail; ``fetcher`` is the way to the
    service at which patients sign in, the settings' own where None.

    Raises:
        SettingsError: ``issuer.key_mismatch``, ``issuer.certificate``, ``issuer.second_key``,
            ``source.setup``, ``issuer.wallets``, ``patient.setup``.
        KeyMaterialError: when a key cannot be loaded.
        ServiceError: ``issuer.database``.
    """
    keys = open_keys(settings)
    second_signer = load_second_signer(settings)
    store = open_store(settings.database, url=settings.database_url.get_secret_value())
    status_journal.attach(store, settings, random=random)
    audit_key = made_key(settings.audit_key_file, random)
    with store.writing() as tx:
        nonce_key = spent.secret(tx, NONCE_KEY, lambda: random(SECRET_BYTES))
        anew = settle(tx, settings, now=int(clock().timestamp()), random=random)
        open_lists(tx, settings, now=int(clock().timestamp()), random=random)
    status_journal.look(store)  # what was settled counts for this process too
    made = IssuerContext(
        settings=settings,
        store=store,
        keys=keys,
        nonce_key=nonce_key,
        clock=clock,
        random=random,
        audit=AuditTrail(
            store,
            key=audit_key,
            organisation=settings.ods,
            clock=clock,
            random=random,
            operator=operator,
        ),
        second_signer=second_signer,
        sources=open_sources(settings, clock=clock, random=random),
        wallets=read_known_wallets(settings),
        patients=open_patient_provider(settings, fetcher),
        places=Pool(generation=store.generation),
    )
    if anew:
        tell_anew(made)
    return made


def load_second_signer(settings: Settings) -> Signer | None:
    """The signer of the second signature, None where the settings name no second key.

    Raises:
        SettingsError: ``issuer.second_key`` where it is no ML-DSA-44 key, or no record could bear
            its signature.
        KeyMaterialError: when the key cannot be loaded.
    """
    if not settings.second_key:
        return None
    path = settings.second_key_passphrase_file
    signer = load_signer(settings.second_key, None if path is None else first_line(path))
    if signer.algorithm not in POST_QUANTUM:
        raise SettingsError("issuer.second_key", f"it is a key for {signer.algorithm}")
    if SD_JWT_VC not in settings.formats:
        raise SettingsError("issuer.second_key", "no format that is offered carries its signature")
    return signer


def digest(text: str) -> str:
    """What the database keeps of an unguessable text."""
    return b64url_encode(hashlib.sha256(text.encode()).digest())


def utc(seconds: int) -> datetime:
    """The moment ``seconds`` after 1970."""
    return datetime.fromtimestamp(seconds, UTC)
