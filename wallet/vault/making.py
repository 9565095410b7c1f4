"""Making a new vault file: keys, the first way in, empty tables, the first anchor."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from nacl import bindings

from healthpassport.errors import VaultError

from .anchor import anchor_path, write_anchor
from .files import claim_folder, create_private_file
from .header import WALLET_BYTES, Header
from .kdf import KEY_BYTES, NEW_COST, SALT_BYTES, KdfCost
from .manifest import Index, Manifest, seal_manifest
from .opened import Keys, Randomness
from .schema import TABLES
from .slots import ID_BYTES, MAX_LABEL, SECRET_SALT_BYTES, Secrets, Slot, seal_slot
from .storage import Storage
from .ways import Passkey, Passphrase, Way, check_new_way, kind_of


def make_vault(
    path: Path,
    *,
    way: Way,
    anchor_folder: Path,
    today: date,
    random: Randomness,
    cost: KdfCost | None = None,
) -> None:
    """A new vault at ``path`` that ``way`` opens (see ``Vault.create`` for the errors)."""
    check_new_way(way)
    secrets = Secrets(bytearray(random(KEY_BYTES)), random(KEY_BYTES))
    public = bindings.crypto_scalarmult_base(bytes(secrets.private))
    header = Header(random(WALLET_BYTES), public, ())
    slot = new_slot(way, label="", today=today, random=random, cost=cost)
    sealed = seal_slot(slot, way=way, secrets=secrets, vault=header.name, random=random)
    header = header.with_slot(sealed)
    keys = Keys.derive(bytearray(secrets.data))
    claim_folder(path.parent)
    create_private_file(path)
    try:
        _lay_out(path, header, keys)
        write_anchor(anchor_path(anchor_folder, header.wallet), counter=1, key=keys.anchor)
    except (OSError, VaultError) as error:
        path.unlink()
        if isinstance(error, VaultError):
            raise
        raise VaultError("vault.io") from error
    finally:
        keys.wipe()


def new_slot(
    way: Way, *, label: str, today: date, random: Randomness, cost: KdfCost | None = None
) -> Slot:
    """A slot for ``way``, still without its secrets; ``cost`` is a passphrase's."""
    typed = isinstance(way, Passphrase)
    slot = Slot(
        id=random(ID_BYTES),
        kind=kind_of(way),
        label=" ".join(label.split())[:MAX_LABEL],
        added_on=today,
        salt=random(SALT_BYTES if typed else SECRET_SALT_BYTES),
        credential=way.credential_id if isinstance(way, Passkey) else b"",
    )
    return replace(slot, cost=cost or NEW_COST) if typed else slot


def _lay_out(path: Path, header: Header, keys: Keys) -> None:
    index, stored = Index({table: {} for table in TABLES}), header.stored()
    manifest = Manifest(1, index.counts(), index.digest(keys.rows), stored.digest())
    storage = Storage(path)
    try:
        storage.create(stored, seal_manifest(manifest, key=keys.manifest))
    finally:
        storage.close()
