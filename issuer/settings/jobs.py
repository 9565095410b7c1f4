"""Settings of the work in the background, and of offers made by the hundred."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class JobSettings(BaseSettings):
    """Who does what waits, and for how long a letter may be on its way."""

    jobs_in_process: bool = Field(
        True,
        description="Whether `serve` does background work itself; with PostgreSQL, "
        "`passport-issuer worker` may do it in its place.",
    )
    queue_key: Path | None = Field(
        None,
        description="File with the key that seals whom a bulk run is about, the secrets of "
        "webhooks, and what staff have in hand at the console; every process needs the same. "
        "Empty: `queue.key` beside the API keys, made when it is first used.",
    )
    bulk_result_days: int = Field(
        7,
        description="Days until links and PINs of a bulk run that nobody fetched are erased, and "
        "their offers taken back.",
        ge=1,
        le=90,
    )
    bulk_offer_days: int = Field(
        28, description="Days until an offer of a bulk run expires.", ge=1, le=90
    )
