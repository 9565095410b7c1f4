"""Settings of the console for practice staff: where it listens, who signs in, how PINs travel."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
ROLES: Final = r"(clerk|clinician|corrections|admin)"


class ConsoleSettings(BaseSettings):
    """The pages for staff; without ``web_port`` there are none."""

    web_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Port of the console for practice staff (docs/console.md). Empty: there is no"
        " console.",
    )
    web_host: str = Field(
        default="127.0.0.1",
        description="Address on which the console listens. Any but this machine's own needs staff"
        " who sign in and an https web_url; the console then speaks https to the proxy, with the"
        " server's own certificate.",
    )
    web_url: str = Field(
        default="",
        pattern=r"^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$",
        description="The address of the console in staff's browsers, where an https proxy stands"
        " in front of it; then staff have to sign in. Empty: http://localhost with its port.",
    )
    web_hosts: tuple[str, ...] = Field(
        default=("localhost",),
        description="Host names that the console answers to (a JSON list); where they are more"
        " than this machine's own, staff have to sign in.",
    )
    web_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses whose X-Forwarded-For is believed (a JSON list)."
    )
    web_brand: str = Field(
        default="Health Passport", max_length=100, description="Name at the top of each page."
    )
    web_language: Literal["en", "cy"] = Field(
        default="en", description="Language of the console where staff chose none."
    )
    web_role: str = Field(
        default="clinician",
        pattern=rf"^{ROLES}(,{ROLES})*$",
        description="The role, or roles with commas, of whoever is at this machine, while nobody"
        " has to sign in.",
    )
    web_oidc_issuer: str = Field(
        default="",
        pattern=r"^(https://[!-~]{1,512})?$",
        description="The provider that signs staff in, exactly as it names itself. Empty: nobody"
        " signs in, for one trusted machine.",
    )
    web_oidc_client_id: str = Field(
        default="", max_length=256, description="The console's name at the provider."
    )
    web_oidc_client_auth: Literal[
        "none", "client_secret_basic", "client_secret_post", "private_key_jwt"
    ] = Field(
        default="client_secret_basic",
        description="How the console proves to the provider that it is the one of that name.",
    )
    web_oidc_client_secret_file: Path | None = Field(
        default=None, description="File with the secret, for the two ways that have one."
    )
    web_oidc_client_key: str = Field(
        default="", description="Where the key for private_key_jwt is, as file:PATH."
    )
    web_oidc_client_kid: str = Field(
        default="",
        max_length=128,
        description="The name under which the provider has that key. Empty: its thumbprint.",
    )
    web_oidc_client_audience: Literal["issuer", "token_endpoint"] = Field(
        default="issuer",
        description="Whom private_key_jwt names as its audience: the issuer, or the token"
        " endpoint where the provider wants that.",
    )
    web_oidc_scopes: tuple[str, ...] = Field(
        default=("openid", "profile"), description="What the provider is asked for (a JSON list)."
    )
    web_oidc_role_claim: str = Field(
        default="roles",
        max_length=128,
        description="Where roles or groups stand in what the provider says: a name, or names with"
        " dots.",
    )
    web_oidc_roles: dict[str, Literal["clerk", "clinician", "corrections", "admin"]] = Field(
        default={},
        description="Which of the provider's roles or groups is which of ours (a JSON object)."
        " What does not stand there gives no role.",
    )
    web_oidc_organisations: tuple[str, ...] = Field(
        default=(),
        description="ODS codes: of roles that name an organisation in org_code, only those of"
        " these count (a JSON list). Empty: this issuer's own.",
    )
    web_oidc_acr: tuple[str, ...] = Field(
        default=(),
        description="Which levels of sign-in are enough, as the provider writes them in what it"
        " signs (a JSON list). Empty: any.",
    )
    web_oidc_acr_claim: str = Field(
        default="acr", max_length=64, description="The claim in which it writes that level."
    )
    web_oidc_acr_asked: tuple[str, ...] = Field(
        default=(),
        description="Which levels are asked for, where they are written in another way (a JSON"
        " list). Empty: those that are enough.",
    )
    web_oidc_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the only https authorities to believe towards the provider and"
        " the service that sends texts. Empty: those of the system.",
    )
    web_private_hosts: tuple[str, ...] = Field(
        default=(),
        description="Hosts (with their port, where it is not 443) of the provider and of the"
        " service that sends texts which may have a private address (a JSON list).",
    )
    web_four_eyes: bool = Field(
        default=False,
        description="Whether somebody else than the one who prepared a record has to sign it off.",
    )
    web_letter_days: int = Field(
        default=7,
        ge=1,
        le=28,
        description="Days that an offer stands whose link or PIN goes by letter.",
    )
    web_text_url: str = Field(
        default="",
        pattern=r"^(https://[!-~]{1,512})?$",
        description="Address of the organisation's service that sends texts (docs/console.md)."
        " Empty: nothing goes by text.",
    )
    web_text_service: Literal["plain", "govuk-notify"] = Field(
        default="plain", description="How that service wants to be asked (docs/console.md)."
    )
    web_text_pin_template: str = Field(
        default="",
        max_length=64,
        description="For govuk-notify: the id of the template of a text with ((pin)).",
    )
    web_text_link_template: str = Field(
        default="",
        max_length=64,
        description="For govuk-notify: the id of the template of a text with ((link)).",
    )
    web_text_key_file: Path | None = Field(
        default=None,
        description="File with the key towards that service: sent as a bearer token, or what"
        " govuk-notify calls an API key.",
    )
    web_wallets_url: str = Field(
        default="",
        pattern=r"^(https://[!-~]{1,512})?$",
        description="Address of a page that tells patients which wallet apps work; the page behind"
        " a patient's link names it. Empty: they are told to ask.",
    )
    web_session_idle_minutes: int = Field(
        default=15, ge=1, le=240, description="Minutes without a look after which staff sign in."
    )
    web_session_hours: int = Field(
        default=10, ge=1, le=24, description="Hours after which staff sign in again in any case."
    )

    @field_validator("web_hosts", "web_private_hosts")
    @classmethod
    def _in_lower_case(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in value)

    @model_validator(mode="after")
    def _knows_who_signs_off(self) -> Self:
        if self.web_four_eyes and not self.web_oidc_issuer:
            message = "web_four_eyes needs staff who sign in: web_oidc_issuer"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _signs_in_whoever_comes_from_elsewhere(self) -> Self:
        hosts = {*self.web_hosts, urlsplit(self.web_url).hostname or "localhost"}
        if not hosts <= _THIS_MACHINE and not self.web_oidc_issuer:
            message = "web_url and web_hosts let others in, who need web_oidc_issuer"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _can_ask_for_texts(self) -> Self:
        asked = (self.web_text_key_file, self.web_text_pin_template, self.web_text_link_template)
        if self.web_text_service == "govuk-notify" and not all((self.web_text_url, *asked)):
            message = "govuk-notify needs web_text_url, web_text_key_file and both templates"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _is_open_to_others_behind_https_alone(self) -> Self:
        if self.web_is_open and not (self.web_oidc_issuer and self.web_url.startswith("https://")):
            message = "web_host lets others in, who need web_oidc_issuer and a web_url of https"
            raise ValueError(message)
        return self

    @property
    def web_is_open(self) -> bool:
        """Whether others than this machine can reach the console's port."""
        return self.web_host not in _THIS_MACHINE

    @property
    def web_address(self) -> str:
        """The address of the console, as browsers see it."""
        return self.web_url or f"http://localhost:{self.web_port}"

    @property
    def staff_sign_in(self) -> bool:
        """Whether staff have to sign in."""
        return bool(self.web_oidc_issuer)
