"""Draws a report's hourly chart as a PNG, readable in Slack's light and dark themes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.model.report import Card, Cluster, Report
from bot.core.model.values import DAY, HOUR
from bot.core.text import display

SHOWN = 5
"""How many cards get their own colour; the others share one."""
_BINS = 72
# Okabe and Ito's colours: safe for colour-blind readers, with contrast in both themes.
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#8a8a8a")
_HATCHES = ("", "//", "..", "\\\\", "xx", "")
_LEGEND = 0.052
"""The height of a legend line, as a fraction of the picture's."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and its text alternative."""

    png: bytes
    alt: str


def draw(report: Report) -> Chart:
    """Draws log entries per hour (or longer, if the window is long) for the largest cards.

    A card is an incident with all its symptoms, or a cluster outside any incident.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PolyCollection
    from matplotlib.dates import date2num
    from matplotlib.figure import Figure

    clusters = [whole for card in report.cards if any((whole := _whole(card)).histogram)]
    length = max((len(c.histogram) for c in clusters), default=1)
    wide = -(-length // _BINS)
    first = display.moment(report.window.start // HOUR * HOUR, report.timezone)
    times = [first + timedelta(hours=i * wide) for i in range(-(-length // wide))]
    rows = _rows(clusters, length)
    figure = Figure(figsize=(7.2, 3.8), dpi=130, facecolor="white")
    FigureCanvasAgg(figure)
    # Fixed margins: matplotlib would draw everything twice to find the best ones.
    figure.subplots_adjust(left=0.1, right=0.98, top=0.91, bottom=_LEGEND * len(rows) + 0.15)
    axes = figure.subplots()
    day = wide * HOUR / DAY
    lefts: list[float] = list(date2num(times))  # type: ignore[no-untyped-call] # matplotlib's
    bottom = [0] * len(times)
    for place, (label, counts) in enumerate(rows):
        merged = [sum(counts[i : i + wide]) for i in range(0, length, wide)]
        bars = [
            ((x, low), (x, low + count), (x + 0.92 * day, low + count), (x + 0.92 * day, low))
            for x, low, count in zip(lefts, bottom, merged, strict=True)
            if count
        ]
        # One collection instead of a patch per bar takes a tenth of the time.
        axes.add_collection(
            PolyCollection(
                bars,
                facecolor=_COLOURS[place % len(_COLOURS)],
                hatch=_HATCHES[place % len(_HATCHES)],
                edgecolor="white",
                linewidth=0.4,
                label=label,
            )
        )
        bottom = [b + m for b, m in zip(bottom, merged, strict=True)]
    axes.set_xlim(lefts[0] - day / 2, lefts[-1] + 1.5 * day)
    axes.set_ylim(0, 1.05 * max(bottom, default=0) or 1)
    _label(axes, report, wide, times)
    if rows:
        figure.legend(fontsize=9, frameon=False, loc="lower left", bbox_to_anchor=(0.09, 0))
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return Chart(made.getvalue(), _alt(report, clusters, wide))


def _whole(card: Card) -> Cluster:
    """Returns the card's root with the log entries of its symptoms added."""
    parts = (card.cluster, *card.symptoms)
    hours = [sum(counts) for counts in zip(*(c.histogram for c in parts), strict=False)]
    return replace(card.cluster, histogram=tuple(hours), count=sum(c.count for c in parts))


def _rows(clusters: Sequence[Cluster], length: int) -> list[tuple[str, list[int]]]:
    rows = [
        (_name(c), [*c.histogram, *[0] * (length - len(c.histogram))]) for c in clusters[:SHOWN]
    ]
    rest = clusters[SHOWN:]
    if rest:
        summed = [sum(c.histogram[i] for c in rest if i < len(c.histogram)) for i in range(length)]
        rows.append((f"{len(rest)} more", summed))
    return rows


def _name(cluster: Cluster) -> str:
    # A dollar sign begins a formula in matplotlib.
    title = display.cut(display.one_line(cluster.title), 44).replace("$", r"\$")
    return f"{cluster.name} {cluster.priority.name}  {title}"


def _label(axes: object, report: Report, wide: int, times: Sequence[datetime]) -> None:
    from matplotlib.axes import Axes
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    if not isinstance(axes, Axes):
        return
    per = "hour" if wide == 1 else f"{wide} hours"
    span = display.duration(report.window.end - report.window.start)
    axes.set_title(
        f"{display.one_line(report.environment)}: log entries per {per}, {span}".replace(
            "$", r"\$"
        ),
        loc="left",
        fontsize=11,
    )
    zone = times[0].tzinfo if times else None
    locator = AutoDateLocator(tz=zone, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.set_ylabel("entries")
    axes.set_xlabel(report.timezone)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _alt(report: Report, clusters: Sequence[Cluster], wide: int) -> str:
    per = "per hour" if wide == 1 else f"per {wide} hours"
    said = [f"{c.name} {display.number(c.count)}" for c in clusters[:SHOWN]]
    span = display.duration(report.window.end - report.window.start)
    return display.cut(
        f"Entries {per} in {report.environment} over {span}: {', '.join(said) or 'none'}", 300
    )
