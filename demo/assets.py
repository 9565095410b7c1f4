"""Copies two npm packages into each app's ``static/vendor``: ``python -m demo.assets``.

nhsuk-frontend's style sheet asks an outside host for fonts; those rules are taken out, and icons
are made relative, so that no page ever asks anybody else. zxing-wasm reads QR codes from a camera,
in the browser; the page tells it where its other half is, and lets it ask nobody else. The pages
work without either. What is *not* here: installing the packages (npm does, from package.json).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

TOP: Final = Path(__file__).resolve().parents[1]
APPS: Final = ("issuer", "verifier", "wallet")  # those with pages
WITH_CAMERA: Final = frozenset({"verifier", "wallet"})
SHEET: Final = "nhsuk-frontend.min.css"
READER: Final = {
    "zxing-reader.js": "iife/reader/index.js",
    "zxing-reader.wasm": "reader/zxing_reader.wasm",
}
_FONT_RULE: Final = re.compile(r"@font-face\s*\{[^}]*\}")
_ICON: Final = re.compile(r"url\(\s*[\"']?/assets/images/([a-z0-9-]+\.svg)[\"']?\s*\)")
_MAP: Final = re.compile(r"/\*# sourceMappingURL=[^*]*\*/")
_OUTSIDE: Final = re.compile(r"url\(\s*[\"']?(?:https?:)?//")


def copy(node_modules: Path, vendor: Path) -> Path:
    """Write the style sheet and the icons that it names into ``vendor``; returns the sheet.

    Raises:
        ValueError: when the style sheet would still ask an outside host.
    """
    source = node_modules / "nhsuk-frontend" / "dist" / "nhsuk"
    sheet = _MAP.sub("", _FONT_RULE.sub("", (source / SHEET).read_text(encoding="utf-8")))
    if _OUTSIDE.search(sheet):
        raise ValueError("the style sheet asks an outside host in a rule that is not a font")
    vendor.mkdir(parents=True, exist_ok=True)
    for name in sorted(set(_ICON.findall(sheet))):
        (vendor / name).write_bytes((source / "assets" / "images" / name).read_bytes())
    target = vendor / SHEET
    target.write_text(_ICON.sub(r"url(\1)", sheet), encoding="utf-8")
    return target


def copy_reader(node_modules: Path, vendor: Path) -> None:
    """Write the reader of QR codes into ``vendor``: its script and its WebAssembly."""
    vendor.mkdir(parents=True, exist_ok=True)
    for name, source in READER.items():
        data = (node_modules / "zxing-wasm" / "dist" / source).read_bytes()
        (vendor / name).write_bytes(data)


def main(arguments: list[str]) -> int:
    """Copy from the folder that npm made (``node_modules`` unless another is named)."""
    node_modules = Path(arguments[0] if arguments else "node_modules")
    for app in APPS:
        target = copy(node_modules, TOP / app / "static" / "vendor")
        if app in WITH_CAMERA:
            copy_reader(node_modules, target.parent)
        sys.stdout.write(f"{target.relative_to(TOP)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
