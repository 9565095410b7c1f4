"""Draws how the cost of an operation grows; both axes are logarithmic, linear is a straight line.

Scalable vector graphics by hand, readable in light and in dark, with the figures as text beside the
lines. What is *not* here: measuring (``bench_growth``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

WIDTH, HEIGHT = 760, 470
LEFT, RIGHT, TOP, BOTTOM = 70, 210, 30, 55
DECADES_X: Final = (0, 3)  # 1 to 1,000 entries
DECADES_Y: Final = (-1, 3)  # 0.1 to 1,000 ms
COLOURS: Final = ("#005eb8", "#d5281b", "#007f3b", "#7c2855", "#b35900", "#425563")
DASHES: Final = ("", "6 3", "2 3", "8 3 2 3", "1 4", "12 4")

Points = Sequence[tuple[int, float]]


def svg(lines: Mapping[str, Points], *, title: str, caption: str) -> str:
    """The picture of ``lines``: for each name its points, entries and CPU milliseconds."""
    body = [*_grid()]
    ends = _spread([(name, _y(points[-1][1])) for name, points in lines.items()])
    for number, (name, points) in enumerate(lines.items()):
        style = f'stroke="{COLOURS[number]}" stroke-dasharray="{DASHES[number]}"'
        path = " ".join(f"{_x(count):.1f},{_y(cost):.1f}" for count, cost in points)
        body.append(f'<polyline points="{path}" fill="none" stroke-width="2.5" {style}/>')
        body += [
            f'<circle cx="{_x(count):.1f}" cy="{_y(cost):.1f}" r="3" fill="{COLOURS[number]}"/>'
            for count, cost in points
        ]
        cost = points[-1][1]
        words = f"{name}: {cost:.3g} ms"
        body.append(
            f'<text x="{WIDTH - RIGHT + 12}" y="{ends[name] + 4:.1f}" fill="{COLOURS[number]}">'
            f"{words}</text>"
        )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-labelledby="t d" font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [
            head,
            f'<title id="t">{title}</title>',
            f'<desc id="d">{caption}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _grid() -> list[str]:
    found = []
    for decade in range(DECADES_X[0], DECADES_X[1] + 1):
        x = _x(10**decade)
        found.append(
            f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="#d8dde0"/>'
        )
        found.append(
            f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10**decade:,}</text>'
        )
    for decade in range(DECADES_Y[0], DECADES_Y[1] + 1):
        y = _y(10.0**decade)
        found.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#d8dde0"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**decade:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    found.append(f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">entries</text>')
    found.append(f'<text x="{LEFT - 8}" y="18" text-anchor="end">CPU ms</text>')
    return found


def _x(entries: float) -> float:
    low, high = DECADES_X
    part = (math.log10(entries) - low) / (high - low)
    return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)


def _y(cost: float) -> float:
    low, high = DECADES_Y
    part = (math.log10(cost) - low) / (high - low)
    return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)


def _spread(ends: list[tuple[str, float]], gap: float = 16) -> dict[str, float]:
    """Where the words stand: beside their line's end, never on top of each other."""
    found: dict[str, float] = {}
    last = -math.inf
    for name, y in sorted(ends, key=lambda end: end[1]):
        last = found[name] = max(y, last + gap)
    return found
