"""The figures of mailings to a customer: how many were answered, and whether the next will be."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from schemas.figures.terms import Count, Reason, Reasoned, among, says

Subject = Literal[
    "segment", "tier", "recency", "frequency", "monetary", "satisfaction", "sent", "answered",
    "channel", "hour",
]  # fmt: skip


class MailingFigures(Reasoned, frozen=True, kw_only=True):
    """Mailings sent to a customer, and how probable an answer to one more is."""

    sent: Annotated[Count, says("Mailings sent to the customer.")]
    answered: Annotated[Count, says("Of them answered by a click or a conversion in time.")]
    waiting: Annotated[
        Count, says("Of them those of which it is not known for good whether they are answered.")
    ]
    probability: Annotated[
        float | None,
        says(
            "Probability, 0-1, that a mailing now, through the channel of the last one, is"
            " answered; null while the model knows too little, or without any mailing."
        ),
    ]
    probability_reason: Reason
    probability_terms: Annotated[
        dict[str, float],
        among(get_args(Subject)),
        says("What counts most in it, the largest first, in log-odds."),
    ]
