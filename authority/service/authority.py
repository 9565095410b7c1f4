"""The authority: it is made, adds issuers and verifiers, signs the list and publishes it.

Each method loads what was decided, changes it and replaces it as a whole; nothing is public before
``publish``. ``now`` is an argument. What is *not* here: files and sealing (``authority.store``),
formats of certificates and metadata (beside), and finding faults in a set-up (``checking``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authority.settings import KDF_DEFAULT
from authority.store import (
    ANCHOR_FILE,
    ROLE_NAMES,
    ROOT_NAMES,
    AuthorityState,
    AuthorityStore,
    Change,
    Passphrases,
)
from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.keys.public import PublicKey
from healthpassport.trust import registration
from healthpassport.trust.cache import replace_file
from healthpassport.trust.model import Registrar, TrustedIssuer, TrustedVerifier, TrustList

from . import changelog
from .certificates import (
    ISSUER_ALGORITHMS,
    VERIFIER_ALGORITHMS,
    IssuedCertificate,
    issue_leaf,
    make_anchor,
    second_subject_key,
    subject_key,
)
from .decisions import (
    issuer_added,
    issuer_removed,
    key_ended,
    second_key_set,
    verifier_removed,
)
from .entries import (
    Purposes,
    desk_address,
    issuer_host,
    make_issuer,
    make_verifier,
    with_new_key,
)
from .keyring import Keyring
from .outcomes import Published, RegisteredVerifier
from .repository import (
    Lifetimes,
    first_root,
    generate_tuf_key,
    rotated_root,
    tuf_signer,
    write_repository,
)

CA_DAYS: Final = 3650
CERTIFICATE_LIFETIME: Final = timedelta(days=365)


@dataclass(frozen=True)
class Authority:
    """The authority in ``folder``.

    Args:
        folder: its own files.
        passphrases: they open the keys; only those of the keys that a method needs are used.
        offline: where root keys and CA key stand, when not in ``folder/offline``.
        kdf_cost: scrypt N of keys that are made, a power of two of at least 16384.
        lifetimes: how long signed metadata is good.
    """

    folder: Path
    passphrases: Passphrases
    offline: Path | None = None
    kdf_cost: int = KDF_DEFAULT
    lifetimes: Lifetimes = field(default_factory=Lifetimes)

    @cached_property
    def store(self) -> AuthorityStore:
        """The authority's files."""
        return AuthorityStore(self.folder, self.offline)

    @cached_property
    def _keys(self) -> Keyring:
        return Keyring(self.store, self.passphrases, self.kdf_cost)

    def init(self, *, name: str, now: datetime, ca_days: int = CA_DAYS) -> bytes:
        """Make all keys, the anchor and root version 1; returns that root, which everybody pins.

        Raises:
            ServiceError: ``authority.exists``, ``authority.kdf_floor``,
                ``authority.passphrase_short``.
        """
        store, keys = self.store, self._keys
        if store.exists():
            raise ServiceError("authority.exists")
        self.folder.mkdir(parents=True, exist_ok=True)
        keys.make_all()
        anchor = make_anchor(keys.ca(), name=name, now=now, days=ca_days)
        replace_file(self.folder / ANCHOR_FILE, anchor.public_bytes(Encoding.PEM))
        signers = {key: keys.tuf(key) for key in (*ROOT_NAMES, *ROLE_NAMES)}
        root = first_root(signers, now=now, lifetime=self.lifetimes.root)
        store.root_path(1).parent.mkdir(exist_ok=True)
        replace_file(store.root_path(1), root)
        key_ids = {key: signer.public_key.keyid for key, signer in signers.items()}
        jwk = keys.registrar().public_key.jwk()
        registrar = Registrar(jwk={member: str(value) for member, value in jwk.items()})
        store.save(AuthorityState(name=name, registrar=registrar, key_ids=key_ids))
        return root

    @property
    def bootstrap_root(self) -> bytes:
        """Root version 1, to be pinned by every wallet and desk."""
        return self.store.root_path(1).read_bytes()

    @property
    def anchor_der(self) -> bytes:
        """The authority's own certificate: the anchor of all that it issues."""
        return self._anchor().public_bytes(Encoding.DER)

    def add_issuer(
        self,
        *,
        iss: str,
        ods: str,
        name: str,
        record_types: Sequence[str],
        status_lists: Sequence[str],
        now: datetime,
        status_aggregation: str | None = None,
        csr_pem: bytes | None = None,
        jwk: Mapping[str, Json] | None = None,
        second_csr_pem: bytes | None = None,
        second_jwk: Mapping[str, Json] | None = None,
        valid_for: timedelta = CERTIFICATE_LIFETIME,
    ) -> IssuedCertificate:
        """Certify an issuer's key and add it; a known ``iss`` gets one more key (rotation).

        ``status_aggregation`` is where the issuer names the lists that it opens later.
        ``second_csr_pem`` or ``second_jwk`` holds its ML-DSA-44 key, listed beside the certified
        one (docs/adr/0025).

        Raises:
            ServiceError: ``authority.subject_key``, ``authority.csr``, ``authority.entry``,
                ``authority.conflict``, ``authority.passphrase``.
            TrustError: ``trust.duplicate`` when a key or status list belongs to somebody else.
        """
        state = self.store.load()
        public = subject_key(csr_pem=csr_pem, jwk=jwk, allowed=ISSUER_ALGORITHMS)
        second = second_subject_key(second_csr_pem, second_jwk)
        certificate = self._issue(issuer_host(iss), public, name=name, now=now, valid_for=valid_for)
        entry = make_issuer(
            iss=iss,
            ods=ods,
            name=name,
            anchor=self.anchor_der,
            certificate=certificate,
            record_types=record_types,
            status_lists=status_lists,
            status_aggregation=status_aggregation,
            second=second,
        )
        known = next((issuer for issuer in state.issuers if issuer.iss == iss), None)
        others = tuple(issuer for issuer in state.issuers if issuer.iss != iss)
        joined = entry if known is None else with_new_key(known, entry)
        change = issuer_added(entry, renewed=known is not None, second=second, now=now)
        self._keep(state, change, now=now, issuers=(*others, joined))
        return certificate

    def add_verifier(
        self,
        *,
        ods: str,
        name: str,
        host: str,
        purposes: Purposes | Sequence[str],
        now: datetime,
        csr_pem: bytes | None = None,
        jwk: Mapping[str, Json] | None = None,
        valid_for: timedelta = CERTIFICATE_LIFETIME,
        did: str | None = None,
    ) -> RegisteredVerifier:
        """Certify a verifier's key, add it, and sign a registration for each purpose.

        Args:
            ods: the organisation's ODS code.
            name: its name, which patients will read.
            host: the host to which wallets send their answers, with its port if it has one.
            purposes: names, which may ask what the request templates ask; or for each name the
                claim paths by record type.
            now: the time of signing.
            csr_pem: a PKCS #10 request, or
            jwk: a public key.
            valid_for: how long certificate and registrations are good.
            did: a decentralized identifier of the verifier that names the same key.

        Raises:
            TrustError: ``trust.purpose``, ``trust.claims``.
            ServiceError: as ``add_issuer``, and ``authority.template``.
        """
        wanted = purposes if isinstance(purposes, Mapping) else dict.fromkeys(purposes)
        state = self.store.load()
        public = subject_key(csr_pem=csr_pem, jwk=jwk, allowed=VERIFIER_ALGORITHMS)
        bare, address = desk_address(host)
        certificate = self._issue(bare, public, name=name, now=now, valid_for=valid_for)
        called = {"ods": ods, "name": name, "address": address}
        entry = make_verifier(
            **called, did=did, anchor=self.anchor_der, certificate=certificate, wanted=wanted
        )
        signer = self._keys.registrar()
        registrations = {
            purpose: registration.issue(entry, purpose, signer=signer, issued_at=now)
            for purpose in entry.purposes
        }
        what = f"{host} may ask for {', '.join(entry.purposes)}"
        change = Change(at=now, action="added", kind="verifier", name=name, ods=ods, what=what)
        self._keep(state, change, now=now, verifiers=(*state.verifiers, entry))
        return RegisteredVerifier(certificate, entry, registrations)

    def remove_issuer(self, iss: str, *, now: datetime, thumbprint: str | None = None) -> None:
        """Take an issuer off the list, or one of its keys.

        Raises:
            ServiceError: ``authority.unknown``.
        """
        state = self.store.load()
        issuers, change = issuer_removed(state, iss, now=now, thumbprint=thumbprint)
        self._keep(state, change, now=now, issuers=issuers)

    def end_key(
        self, iss: str, thumbprint: str, *, now: datetime, at: datetime, compromised: bool = False
    ) -> None:
        """Let a listed key sign until ``at`` and no longer; as ``decisions.key_ended``."""
        state = self.store.load()
        issuers, change = key_ended(state, iss, thumbprint, now=now, at=at, compromised=compromised)
        self._keep(state, change, now=now, issuers=issuers)

    def set_second_key(
        self,
        iss: str,
        thumbprint: str,
        *,
        now: datetime,
        csr_pem: bytes | None = None,
        jwk: Mapping[str, Json] | None = None,
    ) -> PublicKey | None:
        """List an ML-DSA-44 key beside a key that is listed; without one, take it off.

        Returns:
            The key that is listed now.

        Raises:
            ServiceError: ``authority.unknown``, ``authority.csr``, ``authority.subject_key``.
            TrustError: ``trust.duplicate`` where it is another issuer's.
        """
        state, second = self.store.load(), second_subject_key(csr_pem, jwk)
        issuers, change = second_key_set(state, iss, thumbprint, now=now, second=second)
        self._keep(state, change, now=now, issuers=issuers)
        return second

    def remove_verifier(self, certificate_hash: str, *, now: datetime) -> None:
        """Take the verifier with that certificate off the list.

        Raises:
            ServiceError: ``authority.unknown``.
        """
        state = self.store.load()
        verifiers, change = verifier_removed(state, certificate_hash, now=now)
        self._keep(state, change, now=now, verifiers=verifiers)

    def publish(self, out: Path, *, now: datetime) -> Published:
        """Sign the list as it stands and write a folder that any web server can serve."""
        state = self.store.load()
        version = state.version + 1
        trust_list = self._list(state, version=version, now=now)
        roots = {
            self.store.root_path(v).name: self.store.root_path(v).read_bytes()
            for v in range(1, state.root_version + 1)
        }
        expires = write_repository(
            out,
            roots=roots,
            trust_list=trust_list.to_bytes(),
            version=version,
            signers={role: self._keys.tuf(role) for role in ROLE_NAMES},
            now=now,
            lifetimes=self.lifetimes,
        )
        replace_file(out / "changelog.json", changelog.as_json(state.changes, name=state.name))
        replace_file(out / "changelog.md", changelog.as_page(state.changes, name=state.name))
        replace_file(out / ANCHOR_FILE, (self.folder / ANCHOR_FILE).read_bytes())
        self.store.save(state.model_copy(update={"version": version, "pending": False}))
        return Published(version, expires)

    def rotate_root(self, *replace: str, now: datetime) -> bytes:
        """Sign the next root; each key named in ``replace`` gets a successor.

        With no names the root is renewed alone. Two old root keys and, after the change, two of the
        new ones have to be at hand. Publish afterwards.

        Raises:
            ServiceError: ``authority.unknown`` for a name that no key has, ``authority.root_keys``,
                ``authority.passphrase``.
        """
        if unknown := set(replace) - {*ROOT_NAMES, *ROLE_NAMES}:
            raise ServiceError("authority.unknown", ", ".join(sorted(unknown)))
        state = self.store.load()
        keys = self._keys
        secrets = {key: generate_tuf_key() for key in replace}
        fresh = {key: tuf_signer(secret) for key, secret in secrets.items()}
        root = rotated_root(
            self.store.root_path(state.root_version).read_bytes(),
            replaced={key: (state.key_ids[key], fresh[key]) for key in replace},
            old_signers=keys.roots_at_hand().values(),
            new_signers=[signer for key, signer in fresh.items() if key in ROOT_NAMES],
            now=now,
            lifetime=self.lifetimes.root,
        )
        version = state.root_version + 1
        keys.replace(secrets, root_version=version)
        replace_file(self.store.root_path(version), root)
        what = f"root version {version}: {', '.join(replace) or 'renewed'}"
        change = Change(at=now, action="renewed", kind="root", name=state.name, ods="-", what=what)
        key_ids = {**state.key_ids, **{key: s.public_key.keyid for key, s in fresh.items()}}
        self._keep(
            state.model_copy(update={"root_version": version, "key_ids": key_ids}), change, now=now
        )
        return root

    def _issue(
        self, host: str, public: PublicKey, *, name: str, now: datetime, valid_for: timedelta
    ) -> IssuedCertificate:
        return issue_leaf(
            public,
            host=host,
            name=name,
            anchor=self._anchor(),
            key=self._keys.ca(),
            now=now,
            valid_for=valid_for,
        )

    def _anchor(self) -> x509.Certificate:
        try:
            data = (self.folder / ANCHOR_FILE).read_bytes()
        except FileNotFoundError as error:
            raise ServiceError("authority.missing") from error
        return x509.load_pem_x509_certificate(data)

    def _list(self, state: AuthorityState, *, version: int, now: datetime) -> TrustList:
        """The list as it would be published: building it checks that nothing stands twice."""
        return TrustList(
            version=version,
            issued_at=now.replace(microsecond=0),
            issuers=state.issuers,
            verifiers=state.verifiers,
            registrar=state.registrar,
        )

    def _keep(
        self,
        state: AuthorityState,
        change: Change,
        *,
        now: datetime,
        issuers: tuple[TrustedIssuer, ...] | None = None,
        verifiers: tuple[TrustedVerifier, ...] | None = None,
    ) -> None:
        """Replace what was decided by the state with ``change``, unless it contradicts itself."""
        kept = state.model_copy(
            update={
                "issuers": state.issuers if issuers is None else issuers,
                "verifiers": state.verifiers if verifiers is None else verifiers,
                "changes": (*state.changes, change),
                "pending": True,
            }
        )
        self._list(kept, version=kept.version + 1, now=now)
        self.store.save(kept)
