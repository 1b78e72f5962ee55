"""Tests whether a rate rose: an exact test of two counts, corrected for bursts.

Under one common rate, the newer of two Poisson counts with exposures s and t is binomial given
their sum, with probability s / (s + t) (Przyborowski and Wilenski, 1940). Log lines come in bursts,
so both counts are first divided by the baseline's dispersion (variance / mean of its hours), as in
quasi-Poisson models: a daily burst is nothing new.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

STRAY = 0.01
"""The share of a baseline's hours that may be outliers and are ignored."""
STRAY_FACTOR = 10.0
"""An outlier hour has this many times the mean of the others, and at least `STRAY_COUNT`."""
STRAY_COUNT = 5


@dataclass(frozen=True, slots=True)
class Baseline:
    """The usual number of occurrences over a period."""

    count: int
    seconds: int
    dispersion: float = 1.0
    """1.0 if hours vary as chance would have it; more if occurrences come in bursts."""

    @property
    def per_hour(self) -> float:
        """Returns the usual rate; 0.0 if no time was read."""
        return self.count * 3_600 / self.seconds if self.seconds else 0.0


def baseline(counts: Mapping[int, int], covered: Mapping[int, int], hours: range) -> Baseline:
    """Computes the baseline of the hours that were read.

    `counts`: occurrences by hour; `covered`: seconds read by hour.
    """
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
    # Compare partly read hours with the same part of the mean.
    per_second = count / seconds
    squares = sum((n - per_second * s) ** 2 for n, s in read)
    return Baseline(count, seconds, max(1.0, squares / count))


def excess(count: int, seconds: int, usual: Baseline) -> float:
    """Returns the probability of at least `count` in `seconds` if the rate has not changed."""
    new, old = int(count / usual.dispersion), int(usual.count / usual.dispersion)
    if not seconds or not usual.seconds:
        return 1.0
    return upper_tail(new, new + old, seconds / (seconds + usual.seconds))


def upper_tail(k: int, n: int, p: float) -> float:
    """Computes P(X ≥ k) for a binomial X of n trials with probability p, exactly."""
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
    # Above the mean each term is smaller than the last, by a ratio that only falls.
    total, term, odds = 1.0, 1.0, p / (1.0 - p)
    for i in range(k, n):
        term *= (n - i) / (i + 1) * odds
        total += term
        if term < total * 1e-12:
            break
    return min(1.0, math.exp(log_term) * total)
