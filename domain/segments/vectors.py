"""The values of every feature that a policy may name, from a customer's core record."""

from __future__ import annotations

from domain.customer.parts import Core
from domain.customer.recent import behaviour_vector
from domain.kernel.scales import FEATURES


def feature_values(core: Core) -> dict[str, float]:
    """Value by name as of the last look at the window, which must not be empty.

    >>> values = feature_values(Core(window=[0, 1, 3, 0, 2, 5, 0, 0, 1], complaints=2))
    >>> values["push_share"], values["complaints"]
    (0.75, 2)
    """
    values: dict[str, float] = dict(zip(FEATURES, behaviour_vector(core.window), strict=True))
    return values | {
        "complaints": core.complaints,
        "complaints_open": core.complaints_open,
        "transactions": core.transactions,
    }
