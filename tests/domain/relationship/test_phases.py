"""Oliver's four phases of loyalty: each needs the ones before."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import RelationshipRules
from domain.relationship.phases import PHASES, Signs, loyalty_phases

RULES = RelationshipRules()
NOW = 1_000 * DAY
FULL = Signs(
    price_rating=5,
    brand_rating=7,
    attitude=7,
    repurchase=4,
    nps=3,
    offer_opened_at=None,
    bought_after_failure=True,
    wallet_share=0.2,
)


def any_of(*signs: bool | None) -> bool | None:
    """Kleene's "or": unknown only where what is not known could still decide."""
    return True if True in signs else None if None in signs else False


def at_least(value: float | None, line: float) -> bool | None:
    return None if value is None else value >= line


def truths(signs: Signs) -> list[bool | None]:
    """Whether each phase alone is shown, restated."""
    opened = signs.offer_opened_at
    return [
        any_of(at_least(signs.price_rating, 7), at_least(signs.brand_rating, 7)),
        at_least(signs.attitude, 7),
        any_of(
            at_least(signs.repurchase, 4),
            at_least(signs.nps, 9),
            opened is not None and opened > NOW - 90 * DAY,
        ),
        any_of(signs.bought_after_failure, at_least(signs.wallet_share, 0.8)),
    ]


rating = st.none() | st.integers(0, 10)
any_signs = st.builds(
    Signs,
    price_rating=rating,
    brand_rating=rating,
    attitude=rating,
    repurchase=st.none() | st.integers(1, 5),
    nps=rating,
    offer_opened_at=st.none() | st.integers(NOW - 120 * DAY, NOW),
    bought_after_failure=st.booleans(),
    wallet_share=st.none() | st.floats(0, 1),
)


@given(any_signs)
@settings(max_examples=500, deadline=None)
def test_the_phase_is_the_last_of_an_unbroken_row(signs: Signs) -> None:
    found, each = loyalty_phases(signs, NOW, RULES), truths(signs)
    shown = 0
    while shown < 4 and each[shown] is True:
        shown += 1
    assert found.shown == PHASES[:shown]
    if shown < 4 and each[shown] is None:
        assert found.phase is None
        assert found.missing
        assert all(getattr(signs, name) is None for name in found.missing)
    else:
        assert found.phase == (PHASES[shown - 1] if shown else "none")
        assert found.missing == ()
    expected = False if False in each else None if None in each else True
    assert found.true_loyal is expected
    assert found.reason.endswith(".")
    assert "None" not in found.reason


def test_all_four_phases_make_a_true_loyal_customer() -> None:
    found = loyalty_phases(FULL, NOW, RULES)
    assert (found.phase, found.true_loyal) == ("action", True)
    assert found.reason == (
        "Shown: brand rated 7; attitude 7; repurchase intent 4; bought again after a failure."
    )


def test_a_later_phase_without_an_earlier_one_does_not_count() -> None:
    found = loyalty_phases(FULL._replace(attitude=6.5), NOW, RULES)
    assert (found.phase, found.shown, found.true_loyal) == ("cognitive", ("cognitive",), False)
    assert found.reason == "Shown: brand rated 7. Affective: attitude 6.5 is too little."


def test_a_customer_who_thinks_little_of_price_and_brand_is_in_no_phase() -> None:
    found = loyalty_phases(FULL._replace(brand_rating=6), NOW, RULES)
    assert (found.phase, found.true_loyal) == ("none", False)


def test_an_offer_opened_within_90_days_shows_an_intention() -> None:
    hesitant = FULL._replace(repurchase=3, offer_opened_at=NOW - 90 * DAY + 1)
    assert loyalty_phases(hesitant, NOW, RULES).phase == "action"
    assert loyalty_phases(hesitant, NOW + 1, RULES).phase == "affective"
