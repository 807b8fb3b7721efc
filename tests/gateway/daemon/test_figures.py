"""Decisions are counted by portal and result."""

from prometheus_client import REGISTRY

from gateway.daemon.figures import DecisionFigures
from gateway.domain.decision import Denied, Granted, Reason
from gateway.domain.identity import Identity
from gateway.domain.whitelist import NO_END, Terms


def _count(result: str) -> float:
    return REGISTRY.get_sample_value("gatehouse_decisions_total", {"portal": "counted", "result": result}) or 0.0


def test_counts() -> None:
    """Granted, and each reason of a denial."""
    figures, card = DecisionFigures(), Identity.uid("04a1b2c3")
    figures.decided("counted", card, Granted("main", 1, 1, Terms(0, NO_END)))
    figures.decided("counted", card, Denied(Reason.EXPIRED))
    figures.decided("counted", card, Denied(Reason.EXPIRED))
    assert (_count("granted"), _count("expired"), _count("unknown_credential")) == (1, 2, 0)
