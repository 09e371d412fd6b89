"""Curves of alarms against delays, several panels in one picture, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

Point = tuple[float, float]

WIDTH, HEIGHT = 400, 260
LEFT, TOP, GAP = 70, 64, 100
CEILING: Final = 70.0
RATES: Final = (0, 1, 4, 10, 20, 40, 60)
STYLES: Final = (
    *(("#8a8a8a", ""), ("#e69f00", ""), ("#56b4e9", "")),
    *(("#a00000", ""), ("#6a3d9a", "7 4"), ("#00693e", "2 3"), ("#000000", "9 3 2 3")),
)
"""Colour and dashes of each line, the baselines first."""


class Panel(NamedTuple):
    """``lines`` are points (delay, alarms) by name, an empty one is left out; ``chosen`` is marked.

    Whatever has all its delays beyond ``most`` is named in words.
    """

    upward: str
    across: str
    most: float
    lines: Mapping[str, Sequence[Point]]
    chosen: Point


def draw(panels: Sequence[Panel]) -> str:
    """Two panels a row, the legend below them."""
    rows = math.ceil(len(panels) / 2)
    bottom = TOP + rows * (HEIGHT + GAP)
    names = list(panels[0].lines)
    size = f"{2 * (WIDTH + GAP) + 10} {bottom + 76}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="20" y="28" font-size="17">No sign of life: false alarms against delay; lower left is better</text>',
    ]
    for index, panel in enumerate(panels):
        left, top = LEFT + index % 2 * (WIDTH + GAP), TOP + index // 2 * (HEIGHT + GAP)
        parts += [f'<g transform="translate({left},{top})">', *_panel(panel), "</g>"]
    parts += _legend(names, bottom - 8)
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel) -> Iterator[str]:
    for rate in RATES:
        y = _y(rate)
        yield f'<line x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{rate}</text>'
    for delay in range(0, int(panel.most) + 1, 2):
        x = WIDTH * delay / panel.most
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{HEIGHT}" y2="{HEIGHT + 5}" stroke="#444"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT + 20}" text-anchor="middle">{delay}</text>'
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#444"/>'
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT + 42}" text-anchor="middle">{panel.across}</text>'
    yield f'<text x="0" y="-10">{panel.upward}</text>'
    missing = []
    for (name, points), (colour, dash) in zip(panel.lines.items(), STYLES, strict=True):
        shown = [(WIDTH * delay / panel.most, _y(rate)) for delay, rate in points if delay <= panel.most]
        if not shown:
            missing += [name] if points else []
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in shown)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in shown)
    delay, rate = panel.chosen
    x, y = WIDTH * delay / panel.most, _y(rate)
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="none" stroke="#000" stroke-width="2"/>'
    for index, name in enumerate(missing):
        y = 24 + 18 * index
        yield f'<text x="{WIDTH - 12}" y="{y}" text-anchor="end" fill="#555">beyond: {name}</text>'


def _y(rate: float) -> float:
    """Square roots, so that both one alarm and sixty can be seen."""
    return HEIGHT * (1 - math.sqrt(min(rate, CEILING) / CEILING))


def _legend(names: Sequence[str], top: float) -> Iterator[str]:
    for index, name in enumerate([*names, "ours, with its defaults"]):
        x, y = 40 + index % 3 * 330, top + index // 3 * 24
        if index < len(STYLES):
            colour, dash = STYLES[index]
            dashes = f' stroke-dasharray="{dash}"' if dash else ""
            yield f'<line x1="{x}" x2="{x + 30}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"{dashes}/>'
        else:
            yield f'<circle cx="{x + 15}" cy="{y}" r="8" fill="none" stroke="#000" stroke-width="2"/>'
        yield f'<text x="{x + 40}" y="{y + 5}">{name}</text>'
