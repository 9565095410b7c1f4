"""``make sbom``: what an installation consists of, as a CycloneDX 1.6 document.

Named are the packages of ``constraints/run.txt`` that are installed here, at the versions that are
installed, each with its licence as its own metadata names it, what it needs, and the hashes that
the lock file allows; and the style sheets that npm fetches. The same installation gives the same
document. What is *not* here: the tools for development, Python itself and the operating system.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageMetadata, distributions
from pathlib import Path
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json, JsonObject, dump_json, parse_json_object

ROOT: Final = Path(__file__).resolve().parents[1]
OWN: Final = "health-passport"
_NAMESPACE: Final = uuid.UUID("2f6c1d0e-0b63-5a53-9b0c-5d7f3c0a9e11")  # of our serial numbers
_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA: Final = re.compile(r"\bextra\s*==")
_LICENCE: Final = "License :: "
MAX_LICENCE: Final = 60  # characters: longer is the text of a licence, not its name

# SPDX identifiers of the words that packages use which state no expression (PEP 639).
SPDX: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Apache Software License": "Apache-2.0",
        "BSD License": "BSD-3-Clause",
        "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
        "ISC License (ISCL)": "ISC",
        "MIT License": "MIT",
        "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
        "Python Software Foundation License": "PSF-2.0",
        "Apache 2.0": "Apache-2.0",
        "Apache License, Version 2.0": "Apache-2.0",
        "3-Clause BSD License": "BSD-3-Clause",
        "BSD 2-Clause License": "BSD-2-Clause",
        "BSD 3-Clause license": "BSD-3-Clause",
        "ISC License": "ISC",
        "MIT license": "MIT",
    }
)


def bill(root: Path = ROOT) -> JsonObject:
    """The document for what is installed in this environment."""
    locked = _locked((root / "constraints" / "run.txt").read_text(encoding="utf-8"))
    found = {_normal(one.metadata["Name"]): one for one in distributions()}
    present = {name: found[name] for name in sorted(locked) if name in found}
    components: list[Json] = [_component(one, locked[name]) for name, one in present.items()]
    components += _style_sheets(root)
    own = found[OWN]
    content: dict[str, Json] = {
        "metadata": {"component": _own(own)},
        "components": components,
        "dependencies": [_needs(one, present) for one in (own, *present.values())],
    }
    serial = uuid.uuid5(_NAMESPACE, dump_json(content).decode())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **content,
    }


def licences(one: Distribution) -> list[Json]:
    """What the metadata of a package says of its licence, as CycloneDX words it; maybe nothing."""
    told = one.metadata
    if expression := _said(told, "License-Expression"):
        return [{"expression": expression}]
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or []
        if line.startswith(_LICENCE)
    ]
    said = _said(told, "License")
    # A classifier says "BSD" of several licences: the field, where it is a name, is more exact.
    named = said if 0 < len(said) <= MAX_LICENCE and said != "UNKNOWN" else ""
    if named in SPDX.values() or named in SPDX:
        return [{"license": {"id": SPDX.get(named, named)}}]
    if classified:
        return [{"license": _license(name)} for name in classified]
    return [{"license": {"name": named}}] if named else []


def main() -> None:
    """Write the document to the file that is named, or to ``build/sbom.cdx.json``."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "sbom.cdx.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(dump_json(bill()) + b"\n")
    sys.stdout.write(f"{target}\n")


def _said(told: PackageMetadata, field: str) -> str:
    return str((told.get_all(field) or [""])[0]).strip()


def _license(name: str) -> Json:
    return {"id": SPDX[name]} if name in SPDX else {"name": name}


def _component(one: Distribution, hashes: tuple[str, ...]) -> Json:
    name = _normal(one.metadata["Name"])
    allowed: list[Json] = [{"name": "lock:sha256", "value": value} for value in hashes]
    return {
        "type": "library",
        "bom-ref": _purl(name, one.version),
        "name": name,
        "version": one.version,
        "purl": _purl(name, one.version),
        "licenses": licences(one),
        "properties": allowed,
    }


def _own(one: Distribution) -> Json:
    return {
        "type": "application",
        "bom-ref": _purl(OWN, one.version),
        "name": OWN,
        "version": one.version,
        "licenses": licences(one),
    }


def _style_sheets(root: Path) -> Iterator[Json]:
    told = parse_json_object((root / "package.json").read_bytes()).get("dependencies")
    for name, version in (told if isinstance(told, dict) else {}).items():
        purl = f"pkg:npm/{name}@{version}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "licenses": [{"license": {"id": "MIT"}}],
        }


def _needs(one: Distribution, present: Mapping[str, Distribution]) -> Json:
    """What ``one`` requires; of our own package all extras, since all may be installed."""
    name = _normal(one.metadata["Name"])
    needed = {
        _normal(match[0])
        for line in one.requires or ()
        if (match := _REQUIREMENT.match(line)) and (name == OWN or not _EXTRA.search(line))
    }
    refs: list[Json] = [_purl(one, present[one].version) for one in sorted(needed & set(present))]
    return {"ref": _purl(name, one.version), "dependsOn": refs}


def _locked(text: str) -> dict[str, tuple[str, ...]]:
    """The names in a lock file, each with the hashes of the files that may be installed."""
    pins = list(_PIN.finditer(text))
    ends = [*(pin.start() for pin in pins[1:]), len(text)]
    return {
        _normal(pin["name"]): tuple(_HASH.findall(text[pin.end() : end]))
        for pin, end in zip(pins, ends, strict=True)
    }


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _normal(name: str) -> str:
    """PEP 503: how an index spells a name."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
