"""Copying the style sheet of nhsuk-frontend: no outside host is left in it."""

from __future__ import annotations

import pytest

from demo.assets import copy

SHEET = (
    "@font-face{font-family:F;src:url(https://fonts.example/f.woff2)}"
    "a{background:url(/assets/images/nhsuk-icon-cross.svg)}/*# sourceMappingURL=x.map */"
)


def package(folder, sheet):
    dist = folder / "nhsuk-frontend" / "dist" / "nhsuk"
    (dist / "assets" / "images").mkdir(parents=True)
    (dist / "nhsuk-frontend.min.css").write_text(sheet)
    (dist / "assets" / "images" / "nhsuk-icon-cross.svg").write_text("<svg/>")
    return folder


def test_fonts_are_taken_out_and_icons_made_relative(tmp_path):
    target = copy(package(tmp_path / "node_modules", SHEET), tmp_path / "vendor")
    assert target.read_text() == "a{background:url(nhsuk-icon-cross.svg)}"
    assert (tmp_path / "vendor" / "nhsuk-icon-cross.svg").read_text() == "<svg/>"


@pytest.mark.parametrize("url", ["https://x.example/a.svg", "//x.example/a.svg"])
def test_a_sheet_that_would_ask_somebody_else_is_refused(tmp_path, url):
    with pytest.raises(ValueError, match="outside host"):
        copy(package(tmp_path / "node_modules", f"a{{background:url({url})}}"), tmp_path / "vendor")
