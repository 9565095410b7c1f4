"""Real PKCS #11 tokens for tests: SoftHSM2 in a folder of its own, one for each test process.

Absent: skip, or fail where CI is.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)
PIN = "2468-issuing"
OFFICER = "officer-13579"
TOKENS = ("practice", "desk", "spare", "bad pin", "loose")


@dataclass(frozen=True)
class Tokens:
    """The tokens of this process: the module, the file with the PIN, and each token's folder."""

    module: str
    folder: Path
    pin_file: Path
    places: dict[str, Path] = field(default_factory=dict)

    def uri(self, token: str, key: str, *, pin_file: Path | None = None, more: str = "") -> str:
        """The address of the key ``key`` on ``token``."""
        where = f"pkcs11:token={token.replace(' ', '%20')};object={key}{more}"
        return f"{where}?module-path={self.module}&pin-source=file:{pin_file or self.pin_file}"

    def make(self, token: str, key: str, algorithm: str = "ES256") -> str:
        """A new key on ``token``; returns its address."""
        from healthpassport.keys.pkcs11.address import parse  # noqa: PLC0415
        from healthpassport.keys.pkcs11.making import make_signer  # noqa: PLC0415

        uri = self.uri(token, key)
        make_signer(parse(uri), algorithm=algorithm)
        return uri

    def util(self, *args: str) -> str:
        """What ``softhsm2-util`` says."""
        return subprocess.run(
            ["softhsm2-util", *args], check=True, capture_output=True, text=True
        ).stdout


@cache
def tokens() -> Tokens:
    """The tokens, made at the first call in this process."""
    module = next(filter(os.path.exists, MODULES), None)
    if module is None or shutil.which("softhsm2-util") is None:
        absent = "SoftHSM2 is not there: install Debian's package softhsm2"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)
    folder = Path(tempfile.mkdtemp(prefix="tokens-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "kept").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(
        f"directories.tokendir = {folder / 'kept'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    # The module reads it when it starts, once in a process.
    os.environ["SOFTHSM2_CONF"] = str(config)
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    made = Tokens(module, folder, pin_file)
    for label in TOKENS:
        before = set((folder / "kept").iterdir())
        made.util("--init-token", "--free", "--label", label, "--so-pin", OFFICER, "--pin", PIN)
        (made.places[label],) = set((folder / "kept").iterdir()) - before
    return made
