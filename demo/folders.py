"""Where everything of one demonstration stands: one folder, made anew and taken away as a whole."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.errors import SettingsError

MARK: Final = ".health-passport-demo"  # only a folder that bears it is ever removed
DEFAULT_FOLDER: Final = Path(".demo")


@dataclass(frozen=True, slots=True)
class DemoFolders:
    """The folders of authority, issuer, desk and wallet, and what is served to everybody."""

    top: Path

    @property
    def tls(self) -> Path:
        """Certificates for https on this machine."""
        return self.top / "tls"

    @property
    def authority(self) -> Path:
        """The authority's own files, its keys among them."""
        return self.top / "authority"

    @property
    def published(self) -> Path:
        """What the authority publishes: any web server could serve it."""
        return self.top / "published"

    @property
    def issuer(self) -> Path:
        """The surgery's files."""
        return self.top / "issuer"

    @property
    def desk(self) -> Path:
        """The hospital desk's files."""
        return self.top / "desk"

    @property
    def wallet(self) -> Path:
        """The patient's wallet."""
        return self.top / "wallet"

    def make(self) -> None:
        """Make the folders, empty; what an earlier demonstration left there goes.

        Raises:
            SettingsError: ``demo.folder`` when something else stands there.
        """
        self.remove()
        for folder in (self.top, self.tls, self.issuer, self.desk, self.wallet):
            folder.mkdir(mode=0o700)
        (self.top / MARK).touch()

    def remove(self) -> None:
        """Take everything away; a folder that is not a demonstration's is left alone.

        Raises:
            SettingsError: ``demo.folder`` when something else stands there.
        """
        if not self.top.exists():
            return
        if not (self.top / MARK).exists() and any(self.top.iterdir()):
            raise SettingsError("demo.folder", f"{self.top} holds files of something else")
        shutil.rmtree(self.top)
