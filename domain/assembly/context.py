"""What a rule may look at besides the customer and the event."""

from __future__ import annotations

from domain.assembly.aggregates import Aggregates
from domain.assembly.erasures import Erasures
from domain.campaigns.sums import CampaignBook
from domain.complaints.surges.hourly import Hourly, Series
from domain.customer.cause import Given
from domain.customer.effects import (
    Campaigned,
    Effect,
    Kept,
    LeftOut,
    Mailed,
    Scored,
    Settled,
)
from domain.policy import Policy
from domain.propensity.examples import Examples
from domain.propensity.population import PropensityPopulation
from domain.satisfaction.scorecards import Scorecards
from domain.segments.live import Segments
from domain.value.standing import Standing
from schemas.propensity import PropensityModel
from schemas.standings import Standings


class Context(Given):
    """What the rules are given, and what the partition keeps over its customers.

    That is aggregates, scorecards, segments, who stands where in value (``standing``), complaints
    by hour (``hourly``), campaigns, answers to mailings (``propensity``), and who was erased. Rules
    see none of it: the dispatch keeps it.
    """

    __slots__ = (
        "aggregates", "campaigns", "erasures", "follows_clicks", "follows_journeys", "hourly",
        "propensity",
        "scorecards", "segments", "standing",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy,
        aggregates: Aggregates,
        now: int = 0,
        late: bool = False,
        *,
        hourly: Hourly | None = None,
        scorecards: Scorecards | None = None,
        erasures: Erasures | None = None,
        campaigns: CampaignBook | None = None,
        examples: Examples | None = None,
    ) -> None:
        super().__init__(policy, now, late)
        # journeys whose steps are data; most policies have none, and none of most has clicks
        self.follows_journeys = bool(policy.experience.journeys)
        self.follows_clicks = policy.experience.follows_clicks
        self.aggregates = aggregates
        self.scorecards = Scorecards() if scorecards is None else scorecards
        self.segments = Segments(policy)
        self.standing = Standing(policy.value)
        self.hourly = Hourly() if hourly is None else hourly
        self.erasures = Erasures() if erasures is None else erasures
        self.campaigns = CampaignBook() if campaigns is None else campaigns
        self.propensity = PropensityPopulation(policy.propensity, examples)

    def take(self, effect: Effect) -> None:
        """Let what an event did beyond its customer count."""
        policy, cards = self.policy, self.scorecards
        half_life_ms = policy.half_life_ms
        if isinstance(effect, Scored):
            moment, labels, sign, wait_seconds = effect
            lines = policy.experience.moments
            cards.add_moment(
                moment, labels, half_life_ms, lines, sign=sign, wait_seconds=wait_seconds
            )
        elif isinstance(effect, Kept):
            promise, kept, factor, labels, sign = effect
            cards.add_promise(promise, factor, labels, half_life_ms, kept=kept, sign=sign)
        elif isinstance(effect, Campaigned):
            self.campaigns.take(effect, policy.campaigns.kept)
        elif isinstance(effect, Mailed | Settled | LeftOut):
            self.propensity.take(effect)
        else:
            series = Series(effect.category, effect.product, effect.channel)
            self.hourly.add(effect.at, series, effect.event_id)

    @property
    def standings(self) -> Standings | None:
        """By which lines customers are classed among all; ``None`` before they are known."""
        return self.standing.standings

    @property
    def answering(self) -> PropensityModel | None:
        """By which model it is told who will answer a mailing; ``None`` before there is one."""
        return self.propensity.model
