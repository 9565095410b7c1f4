"""The settings of an issuer of a test, for its commands: as a file or as environment variables.

Its database is named as the settings have it, a SQLite file or a PostgreSQL (``databases``).
"""

from __future__ import annotations

from pathlib import Path

from issuer.settings import Settings

NAMES = ("iss", "ods", "name", "key", "x5c", "api_keys")


def told(settings: Settings, *more: str) -> dict[str, str]:
    """What every issuer has to be told, and the settings that ``more`` names."""
    found = {name: str(getattr(settings, name)) for name in (*NAMES, *more)}
    if settings.database is not None:
        return found | {"database": str(settings.database)}
    return found | {"database_url": settings.database_url.get_secret_value()}


def variables(settings: Settings, *more: str) -> dict[str, str]:
    """The same as the environment has it."""
    return {f"PASSPORT_ISSUER_{k.upper()}": value for k, value in told(settings, *more).items()}


def config_file(folder: Path, settings: Settings, *lines: str, more: tuple[str, ...] = ()) -> Path:
    """The same as ``issuer.toml`` in ``folder``, with ``lines`` behind."""
    rows = [f'{name} = "{value}"' for name, value in told(settings, *more).items()]
    path = folder / "issuer.toml"
    path.write_text("\n".join([*rows, *lines]) + "\n")
    return path
