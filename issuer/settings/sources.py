"""Settings of the sources: where the issuer itself reads patients' notes.

What is *not* here: the sources (``issuer.client``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field
from pydantic_settings import BaseSettings

SourceKind: TypeAlias = Literal["folder", "fhir", "gp-connect"]


class SourceSettings(BaseSettings):
    """Which sources there are, and which of them is meant where nobody says."""

    source_default: SourceKind | None = Field(
        None,
        description="The source that is meant where none is named: `folder`, `fhir` or "
        "`gp-connect`. Empty: the first of these that is set up.",
    )
    source_folder: Path | None = Field(
        None,
        description="Folder of FHIR bundles that offers may name (`offers create --source NAME`): "
        "wallets have them read again when they refresh. Empty: each refresh needs a new offer.",
    )
