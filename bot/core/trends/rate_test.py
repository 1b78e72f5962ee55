"""Whether a rate rose: an exact test for two counts against a baseline that knows its bursts.

Under one common rate, the newer of two Poisson counts with exposures s and t is binomial given
their sum, with probability s / (s + t) (Przyborowski and Wilenski, 1940). Log lines come in
bursts, so both counts are first divided by the baseline's own dispersion (variance / mean of its
hours), as quasi-Poisson models do: what bursts every day is no news when it bursts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

STRAY = 0.01
"""The share of a baseline's hours that may be strays, which say nothing about what is usual."""
STRAY_FACTOR = 10.0
"""A stray hour has this many times the mean of the others, and `STRAY_COUNT` at least."""
STRAY_COUNT = 5


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was usual."""

    count: int
    seconds: int
    dispersion: float = 1.0
    """1.0 where hours vary as chance lets them; above where they come in bursts."""

    @property
    def per_hour(self) -> float:
        """The usual rate."""
        return self.count * 3_600 / self.seconds if self.seconds else 0.0


def baseline(counts: Mapping[int, int], covered: Mapping[int, int], hours: range) -> Baseline:
    """Of those of the hours that were read: `counts` by hour, `covered` in seconds by hour."""
    read = [(counts.get(at, 0), covered[at]) for at in hours if covered.get(at, 0) > 0]
    read.sort()
    for _ in range(int(STRAY * len(read))):
        rest = sum(n for n, _ in read[:-1]) / (len(read) - 1)
        if read[-1][0] < max(STRAY_COUNT, STRAY_FACTOR * rest):
            break
        read.pop()
    count, seconds = sum(n for n, _ in read), sum(s for _, s in read)
    if not count:
        return Baseline(0, seconds)
    # Hours that were read in part are measured against the part of the mean.
    per_second = count / seconds
    squares = sum((n - per_second * s) ** 2 for n, s in read)
    return Baseline(count, seconds, max(1.0, squares / count))


def excess(count: int, seconds: int, usual: Baseline) -> float:
    """The probability of as many or more in `seconds` where nothing has changed."""
    new, old = int(count / usual.dispersion), int(usual.count / usual.dispersion)
    if not seconds or not usual.seconds:
        return 1.0
    return upper_tail(new, new + old, seconds / (seconds + usual.seconds))


def upper_tail(k: int, n: int, p: float) -> float:
    """P(X ≥ k) of a binomial X of n with probability p, exact."""
    if k <= 0:
        return 1.0
    if p <= 0.0 or k > n:
        return 0.0
    if p >= 1.0:
        return 1.0
    if k <= n * p:
        return 1.0 - upper_tail(n - k + 1, n, 1.0 - p)
    log_term = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(p)
        + (n - k) * math.log1p(-p)
    )
    # Above the mean each term is smaller than the one before, by a ratio that only falls.
    total, term, odds = 1.0, 1.0, p / (1.0 - p)
    for i in range(k, n):
        term *= (n - i) / (i + 1) * odds
        total += term
        if term < total * 1e-12:
            break
    return min(1.0, math.exp(log_term) * total)
