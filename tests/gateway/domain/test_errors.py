"""Errors keep their sentence and its values apart."""

from gateway.domain.errors import GatehouseError, RuleViolationError, TooManyError


def test_sentence_and_values() -> None:
    """The template is what a catalogue looks up; the text is the filled sentence."""
    error = GatehouseError("Card %(number)s is %(state)s.", number="K-1", state="lost", fields={"number": "lost"})
    assert str(error) == "Card K-1 is lost."
    assert error.template == "Card %(number)s is %(state)s."
    assert error.fields == {"number": "lost"}


def test_a_sentence_without_values_may_hold_a_percent_sign() -> None:
    """It is not taken for a place."""
    assert str(GatehouseError("The disk is 100% full.")) == "The disk is 100% full."


def test_special_errors_carry_their_extra() -> None:
    """The rule's id; when to come back."""
    assert RuleViolationError("R-CARD-1", "No.").rule == "R-CARD-1"
    late = TooManyError("Wait %(retry_after_s)s seconds.", retry_after_s=30)
    assert (late.retry_after_s, str(late)) == (30, "Wait 30 seconds.")
