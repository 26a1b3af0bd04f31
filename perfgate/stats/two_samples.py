"""A quantile of two arms that requests were dealt to at random.

Under "nothing changed" every request would have taken as long at the other arm, and only the deal decides how many of
the slow ones the head got. So the requests over the quantile of both arms together are counted per arm (Mathisen 1943,
A method of testing the hypothesis that two samples are from the same population; Mood 1950): their number is
hypergeometric, whatever the shape of the latencies and however the machine drifted. Where an arm has bursts of its own,
the sample sizes are divided by the design effect of the difference.

That "head is at most 1 + m times the base" is tested with the head's values divided by 1 + m. All m that are not
rejected are the interval of the ratio. Pooling gives its ends in closed form: with c the critical surplus of shares

    Q_head(q + c n_base / n) / Q_base(q - c n_head / n)        and the same with -c.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log

from perfgate.stats.distributions import normal_quantile
from perfgate.stats.proportions import dealt_deviation, dealt_worse
from perfgate.stats.quantiles import Curve

_STEPS, _PRECISION = 60, 1e-6


@dataclass(frozen=True, kw_only=True)
class TwoArms:
    """`q` is the quantile, `effect` the design effect of the difference of shares. Neither arm is empty."""

    base: Curve
    head: Curve
    q: float
    effect: float = 1.0

    @property
    def sizes(self) -> tuple[float, float]:
        """Effective numbers of requests."""
        return self.base.count / self.effect, self.head.count / self.effect

    def ratio(self) -> float:
        """The change from base to head, as a share of the base; infinite from a base of 0."""
        base, head = self.base.quantile(self.q), self.head.quantile(self.q)
        return head / base - 1 if base > 0 else inf

    def p_worse(self, margin: float) -> float:
        """One-sided, of "head is at most 1 + margin times the base"."""
        over_base, over_head = self._over(1 + margin)
        n_base, n_head = self.sizes
        return dealt_worse(over_base, n_base, over_head, n_head)

    def p_better(self, margin: float) -> float:
        """One-sided, of "the base is at most 1 + margin times the head"."""
        over_base, over_head = self._over(1 / (1 + margin))
        n_base, n_head = self.sizes
        return dealt_worse(over_head, n_head, over_base, n_base)

    def _over(self, scale: float) -> tuple[float, float]:
        """Shares over the quantile of base and head / scale together, found by bisection between the two quantiles."""
        ends = self.base.quantile(self.q), self.head.quantile(self.q) / scale
        low, high = min(ends), max(ends)
        allowed = (1 - self.q) * (self.base.count + self.head.count)
        for _ in range(_STEPS):
            if high - low <= _PRECISION * high:
                break
            middle = (low + high) / 2
            over = self.base.count * self.base.share_over(middle)
            over += self.head.count * self.head.share_over(middle * scale)
            low, high = (middle, high) if over > allowed else (low, middle)
        value = (low + high) / 2
        return self.base.share_over(value), self.head.share_over(value * scale)

    def upper(self, level: float) -> float:
        """One-sided upper bound of the ratio head / base; infinite when there are too few requests for one."""
        shares = self._shares(normal_quantile(level))
        bottom = self.base.quantile(shares[0]) if shares else 0.0
        return self.head.quantile(shares[1]) / bottom if shares and bottom > 0 else inf

    def lower(self, level: float) -> float:
        """One-sided lower bound of the ratio; 0 when there are too few requests for one."""
        shares = self._shares(-normal_quantile(level))
        bottom = self.base.quantile(shares[0]) if shares else 0.0
        return self.head.quantile(shares[1]) / bottom if shares and bottom > 0 else 0.0

    def _shares(self, z: float) -> tuple[float, float] | None:
        """The shares of base and of head that lie below a value, when the head's surplus of requests over it is z
        standard deviations and Yates's half; None when so many are not over."""
        n_base, n_head = self.sizes
        if n_base + n_head <= 2:
            return None
        surplus = abs(z) * dealt_deviation(1 - self.q, n_base, n_head) + 0.5
        share = (surplus if z > 0 else -surplus) / (n_base * n_head)
        at_base, at_head = self.q - share * n_head, self.q + share * n_base
        return (at_base, at_head) if min(at_base, at_head) >= 0 and max(at_base, at_head) <= 1 else None

    def standard_error(self) -> float:
        """Standard error of ln(head / base), from the width of the 90 % interval; infinite without one."""
        low, high = self.lower(0.95), self.upper(0.95)
        return log(high / low) / (2 * normal_quantile(0.95)) if low > 0 and isfinite(high) else inf
