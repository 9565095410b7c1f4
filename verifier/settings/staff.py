"""The settings of the page for staff: its address, who signs in, and with which provider.

What is *not* here: the other settings of the desk (``settings``, which takes these in).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class StaffSettings(BaseSettings):
    """Part of ``VerifierSettings``, under its prefix."""

    web_port: int = Field(
        default=8480,
        ge=1,
        le=65535,
        description="Port of the page for staff, always on this machine only (http://localhost).",
    )
    web_url: str = Field(
        default="",
        pattern=r"^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$",
        description="The address that staff see in their browsers, where an https proxy stands in"
        " front of the page. Empty: http://localhost with the port of the page.",
    )
    role: str = Field(
        default="clinician",
        pattern=r"^(clerk|clinician|auditor|admin)(,(clerk|clinician|auditor|admin))*$",
        description="The role, or roles with commas, of whoever is at this machine, while nobody"
        " has to sign in (docs/staff.md).",
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https://[!-~]{1,512})?$",
        description="The provider that signs staff in, exactly as it names itself. Empty: nobody"
        " signs in, for one trusted machine.",
    )
    oidc_client_id: str = Field(
        default="", max_length=256, description="The desk's name at the provider."
    )
    oidc_client_auth: Literal[
        "none", "client_secret_basic", "client_secret_post", "private_key_jwt"
    ] = Field(
        default="client_secret_basic",
        description="How the desk proves to the provider that it is the one of that name.",
    )
    oidc_client_secret_file: Path | None = Field(
        default=None, description="File with the secret, for the two ways that have one."
    )
    oidc_client_key: str = Field(
        default="", description="Where the key for private_key_jwt is, as file:PATH."
    )
    oidc_client_kid: str = Field(
        default="",
        max_length=128,
        description="The name under which the provider has that key. Empty: its thumbprint.",
    )
    oidc_client_audience: Literal["issuer", "token_endpoint"] = Field(
        default="issuer",
        description="Whom private_key_jwt names as its audience: the issuer, or the token"
        " endpoint where the provider wants that.",
    )
    oidc_scopes: tuple[str, ...] = Field(
        default=("openid", "profile"), description="What the provider is asked for (a JSON list)."
    )
    oidc_role_claim: str = Field(
        default="roles",
        max_length=128,
        description="Where roles stand in what the provider says: a name, or names with dots.",
    )
    oidc_roles: dict[str, Literal["clerk", "clinician", "auditor", "admin"]] = Field(
        default={},
        description="Which of the provider's roles is which of ours (a JSON object). What does"
        " not stand there gives no role.",
    )
    oidc_organisations: tuple[str, ...] = Field(
        default=(),
        description="ODS codes: of roles that name an organisation in org_code, only those of"
        " these count (a JSON list). Empty: this desk's own.",
    )
    oidc_acr: tuple[str, ...] = Field(
        default=(),
        description="Which levels of sign-in are enough, as the provider writes them in what it"
        " signs (a JSON list). Empty: any.",
    )
    oidc_acr_claim: str = Field(
        default="acr", max_length=64, description="The claim in which it writes that level."
    )
    oidc_acr_asked: tuple[str, ...] = Field(
        default=(),
        description="Which levels are asked for, where they are written in another way (a JSON"
        " list). Empty: those that are enough.",
    )
    oidc_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the only https authorities to believe towards the provider."
        " Empty: those of the system.",
    )
    session_idle_minutes: int = Field(
        default=15, ge=1, le=240, description="Minutes without a look after which staff sign in."
    )
    session_hours: int = Field(
        default=12, ge=1, le=24, description="Hours after which staff sign in again in any case."
    )

    @property
    def web_address(self) -> str:
        """The address of the page for staff, as their browsers see it."""
        return self.web_url or f"http://localhost:{self.web_port}"

    @property
    def signs_in(self) -> bool:
        """Whether staff have to sign in."""
        return bool(self.oidc_issuer)
