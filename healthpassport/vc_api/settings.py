"""Whether the VC-API may serve, and which contexts a test set-up adds: the same for both apps.

Environment variables ``PASSPORT_VC_API`` and ``PASSPORT_EXTRA_CONTEXTS``. What is *not* here: the
settings of the apps themselves, which have a module each.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from healthpassport.errors import SettingsError


class VcApiSettings(BaseSettings):
    """The VC-API: a test surface, off unless asked for, never beside real keys."""

    model_config = SettingsConfigDict(env_prefix="PASSPORT_", frozen=True, extra="ignore")

    vc_api: bool = Field(
        default=False, description="Whether the command vc-api may serve (1), for test suites."
    )
    extra_contexts: Path | None = Field(
        default=None,
        description="Folder with more JSON-LD contexts for vc-api: its index.json maps each URL"
        " to a file beside it.",
    )

    def refuse_beside_real_keys(self) -> None:
        """Raise ``vcapi.beside`` where a set-up of tests is given to a real service."""
        if self.vc_api or self.extra_contexts is not None:
            raise SettingsError("vcapi.beside")

    def require(self) -> None:
        """Raise ``vcapi.off`` unless the VC-API was asked for."""
        if not self.vc_api:
            raise SettingsError("vcapi.off")
