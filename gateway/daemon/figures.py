"""Figures of the gates for Prometheus, in its default registry; the HTTP face serves them with its own."""

from typing import Final

from prometheus_client import Counter

from gateway.domain.decision import Decision, Denied
from gateway.domain.identity import Identity

DECISIONS: Final = Counter("gatehouse_decisions", "Decisions at portals of the gateway.", ["portal", "result"])


class DecisionFigures:
    """Counts decisions (ports.DecisionObserver). ``result`` is ``granted`` or the reason."""

    def decided(self, portal: str, _identity: Identity, decision: Decision) -> None:
        """One more."""
        DECISIONS.labels(portal, decision.reason.value if isinstance(decision, Denied) else "granted").inc()
