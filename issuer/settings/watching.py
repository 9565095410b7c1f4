"""Settings of who watches the service: figures for Prometheus, traces for a collector."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class WatchingSettings(BaseSettings):
    """Where a serving process tells how it fares; nowhere by default."""

    metrics_port: int | None = Field(
        None,
        description="Port of `/metrics`, in plain http; empty: none. Each process needs its own.",
        ge=1,
        le=65_535,
    )
    metrics_host: str = Field(
        "127.0.0.1",
        description="Address that `/metrics` listens on; another than this machine's own only "
        "where a firewall lets nobody but your Prometheus in.",
    )
