"""The clicks of a behaviour: what is tapped in the app, each as often as its share."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate

from streams.sources.population import FUNCTIONS, Behaviour

SLOTS = 8192
_CLICK = '","channel":"app","type":"app_click","action":'
_ACTIONS = (
    *(f'{_CLICK}"launch","source":"{source}"}}' for source in ("icon", "push")),
    *(f'{_CLICK}"{one}"}}' for one in ("tab_switch", "account_message")),
    *(f'{_CLICK}"{one}"}}' for one in ("news_message", "news_view")),
    *(f'{_CLICK}"function_visit","function":"{name}"}}' for name in FUNCTIONS),
    *(f'{_CLICK}"error","function":"{name}"}}' for name in FUNCTIONS),
)


def slots(behaviour: Behaviour) -> list[str]:
    """The ends of `SLOTS` clicks of one behaviour; one drawn at random has its share."""
    weights = [behaviour.launch * (1 - behaviour.push_share)]
    weights += [behaviour.launch * behaviour.push_share]
    weights += [behaviour.tab_switch, behaviour.account_message]
    weights += [behaviour.news_message, behaviour.news_view]
    weights += [behaviour.function_visit / len(FUNCTIONS)] * len(FUNCTIONS)
    weights += [behaviour.error / len(FUNCTIONS)] * len(FUNCTIONS)
    ends = list(accumulate(weights))
    places = [ends[-1] * (slot + 0.5) / SLOTS for slot in range(SLOTS)]
    return [_ACTIONS[bisect(ends, place)] for place in places]
