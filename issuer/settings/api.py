"""Settings of the API for record systems: its tokens, its rates, where its messages may go."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class ApiSettings(BaseSettings):
    """What record systems may do, and how often."""

    client_token_minutes: int = Field(
        10, description="Minutes that a record system's access token is good for.", ge=1, le=60
    )
    client_requests_per_second: float = Field(
        20.0, description="Requests of one record system in the long run, in each process.", gt=0
    )
    client_request_burst: int = Field(100, description="How many of them at once.", ge=1)
    webhook_hosts: tuple[str, ...] = Field(
        (),
        description="Where record systems may be told of events: a JSON list of HOST:PORT. Empty:"
        " nowhere.",
    )
    webhook_private_hosts: tuple[str, ...] = Field(
        (), description="Those of them whose address is private (a JSON list of HOST:PORT)."
    )
    webhook_ca_file: Path | None = Field(
        None, description="PEM file of the authorities for these hosts; empty: the system's."
    )
