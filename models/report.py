"""A checkpoint's report: one HTML file that stands alone, scores, curves, sheets and the training pictures nearest to what it draws."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from models.checkpoint import Card, load_card

WIDTH, HEIGHT = 360, 140  # of a curve, in CSS pixels
SHEETS = (
    ("sheet", "Pictures drawn at random"),
    ("neighbours", "Ten of them, and under each the three training pictures nearest to it: whether it copies"),
)
STYLE = """
body { max-width: 980px; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; }
table { border-collapse: collapse; }
td, th { padding: .2rem 1.5rem .2rem 0; text-align: left; border-top: 1px solid #ddd; vertical-align: top; }
td { font-variant-numeric: tabular-nums; } img { max-width: 100%; display: block; }
.curves { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; } figcaption { font-size: 14px; }
polyline { fill: none; stroke: #b5472f; stroke-width: 1.5; } text { font-size: 11px; fill: #555; }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #161616; } td, th { border-color: #333; } text { fill: #aaa; } }
"""


def report(folder: Path) -> str:
    """The report on the checkpoint in a folder, from its card and the pictures beside it; CheckpointError where there is no card."""
    card = load_card(folder)
    title = escape(card.title.get("en", card.id))
    parts = [
        f"<h1>{title}</h1>",
        table({"checkpoint": card.id, "family": card.family, "learned from": card.source, "licence": card.licence, **trained(card)}),
        "<h2>Scores</h2>",
        table(card.scores) + f"<p>{escape(conditions(card))}</p>" if card.scores else "<p>Not measured yet.</p>",
        *curves(card.training.get("curve", {})),
        *pictures(folder),
        "<h2>What it can't do</h2>",
        "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in card.limits.get("en", ())) + "</ul>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def trained(card: Card) -> dict[str, Any]:
    """What of the training fits a line."""
    return {name: value for name, value in card.training.items() if isinstance(value, (str, int, float))}


def conditions(card: Card) -> str:
    """What the scores stand on."""
    return ", ".join(f"{name} {value}" for name, value in card.measured.items())


def table(rows: Mapping[str, Any]) -> str:
    spell = lambda value: f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)  # noqa: E731
    return (
        "<table>" + "".join(f"<tr><th>{escape(name)}</th><td>{escape(spell(value))}</td></tr>" for name, value in rows.items()) + "</table>"
    )


def curves(told: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    """Every figure that was logged, over the images seen."""
    drawn = [curve(name, line["images"], line["value"]) for name, line in told.items() if len(line["value"]) > 1]
    if drawn:
        yield "<h2>Training, over the images seen</h2>"
        yield f'<div class="curves">{"".join(drawn)}</div>'


def curve(name: str, images: Sequence[float], value: Sequence[float]) -> str:
    low, high = min(value), max(value)
    along = lambda count: WIDTH * (count - images[0]) / ((images[-1] - images[0]) or 1)  # noqa: E731
    up = lambda amount: HEIGHT - 16 - (HEIGHT - 32) * (amount - low) / ((high - low) or 1)  # noqa: E731
    points = " ".join(f"{along(count):.1f},{up(amount):.1f}" for count, amount in zip(images, value, strict=True))
    labels = f'<text x="0" y="10">{high:.3g}</text><text x="0" y="{HEIGHT - 2}">{low:.3g}</text>'
    labels += f'<text x="{WIDTH}" y="{HEIGHT - 2}" text-anchor="end">{images[-1]:,.0f}</text>'
    plot = f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"><polyline points="{points}"/>{labels}</svg>'
    return f"<figure><figcaption>{escape(name)}</figcaption>{plot}</figure>"


def pictures(folder: Path) -> Iterator[str]:
    for name, caption in SHEETS:
        if (path := folder / f"{name}.webp").is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            yield f'<h2>{caption}</h2><img alt="{caption}" src="data:image/webp;base64,{data}">'
