"""The model of who answers: one step by hand, as good as a batch fit, the same however it comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

from domain.policy.propensity import PropensityRules
from domain.propensity.examples import Example
from domain.propensity.features import Known, inputs
from domain.propensity.learner import Learner
from domain.propensity.quality import quality
from domain.propensity.summary import Snapshot
from domain.propensity.telling import answering, log_odds
from schemas.codec import encode
from schemas.propensity import PropensityModel, Weight
from tests.domain.bank import HOUR, MINUTE, START
from tests.domain.propensity.mailed import simulated

RULES = PropensityRules()
SEGMENTS = [f"s-{n}" for n in range(5)]
Floats = NDArray[np.float64]


def learnt(examples: Sequence[Example], rules: PropensityRules = RULES) -> PropensityModel:
    """The model of these examples, told at once."""
    found = Learner(rules).fit([Snapshot(0, examples[-1].at, 0, list(examples))], 0)
    assert found is not None
    return found


def probabilities(examples: Sequence[Example], model: PropensityModel) -> Floats:
    odds = np.array([log_odds(each.known, model, RULES)[0] for each in examples])
    told: Floats = 1 / (1 + np.exp(-odds))
    return told


def matrix(examples: Sequence[Example]) -> Floats:
    rows = [list(inputs(each.known, SEGMENTS).values()) for each in examples]
    scaled: Floats = StandardScaler().fit_transform(np.array(rows))
    return scaled


def test_one_step_of_logistic_regression_by_hand() -> None:
    """Satisfaction 4, not answered, then 8, answered; all else is the same.

    The first example has no spread: its inputs are 0, p = 0.5, the gradient 0.5, so the intercept
    falls by 0.3 x 0.5 = 0.15. For the second the mean is 6 and the deviation 2: the input is +1,
    the log-odds -0.15, p = 1 / (1 + e^0.15) = 0.46257, the gradient p - 1 = -0.53743, the step
    0.3 / sqrt(2) = 0.21213: the weight is 0.11401, the intercept -0.15 + 0.11401 = -0.03599.
    """
    known = Known(4, 9, 1, "", 30, 2, 5_000, 4.0, 3, 1)
    model = learnt(
        [Example(START, False, known), Example(START + 1, True, known._replace(satisfaction=8.0))]
    )
    weights = {each.name: each for each in model.weights}
    felt = weights.pop("satisfaction")
    assert (felt.seen, felt.mean, felt.variance) == (2, 6.0, 4.0)
    assert felt.weight == pytest.approx(0.114006, abs=1e-6)
    assert model.intercept == pytest.approx(-0.035994, abs=1e-6)
    assert not any(each.weight for each in weights.values())
    # predicted before learnt: p = 0.5 with a spread of 0 yet, then with the mean 4 and none
    assert model.judged.loss == pytest.approx(np.log(2) - np.log(1 / (1 + np.exp(0.15))))


@pytest.mark.parametrize(("seed", "base"), [(1, -2.0), (2, -2.0), (3, -3.0)])
def test_as_good_as_a_batch_regression_on_the_same_examples(seed: int, base: float) -> None:
    examples, _ = simulated(12_000, seed=seed, base=base)
    labels = np.array([each.answered for each in examples])
    x = matrix(examples)
    batch = LogisticRegression(max_iter=1_000).fit(x, labels).predict_proba(x)[:, 1]
    model = learnt(examples)
    ours = probabilities(examples, model)
    assert roc_auc_score(labels, ours) > roc_auc_score(labels, batch) - 0.02
    assert model.believed and model.auc is not None and model.calibration_error is not None
    assert model.calibration_error < 0.03
    assert model.learnt == len(examples) and model.dropped == 0


def test_progressive_figures_are_those_of_scikit_learn_on_predictions_made_before() -> None:
    examples, _ = simulated(3_000, seed=4)
    learner, said = Learner(RULES), []
    for example in examples:
        given = inputs(example.known, SEGMENTS[: len(learner._segments)])
        said.append(learner.pipeline.predict_proba_one(given)[True])
        learner.learn(example)
    labels = [each.answered for each in examples]
    found = quality(learner._judged.told())
    assert found.auc == pytest.approx(roc_auc_score(labels, said), abs=0.005)
    assert found.log_loss == pytest.approx(log_loss(labels, said), rel=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_on_shuffled_labels_it_knows_too_little(seed: int) -> None:
    examples, _ = simulated(10_000, seed=seed, shuffled=True)
    model = learnt(examples)
    assert model.auc is not None and model.auc < 0.55 and not model.believed
    told = answering(examples[0].known, model, RULES)
    assert told.probability is None and "knows too little: its AUC" in told.reason
    assert told.terms == {}


def test_with_few_examples_it_knows_too_little() -> None:
    examples, _ = simulated(999, seed=5)
    told = answering(examples[0].known, learnt(examples), RULES)
    assert told.probability is None
    assert told.reason.startswith("The model knows too little: 999 examples, ")


def test_the_three_largest_contributions_are_said() -> None:
    examples, truth = simulated(10_000, seed=6)
    model = learnt(examples)
    likely = examples[int(np.argmax(truth))].known
    told = answering(likely, model, RULES)
    odds, terms = log_odds(likely, model, RULES)
    assert told.probability == pytest.approx(1 / (1 + np.exp(-odds)))
    assert odds == pytest.approx(model.intercept + sum(terms.values()))
    largest = sorted(terms, key=lambda name: -abs(terms[name]))[:3]
    assert list(told.terms) == largest and told.reason.count("(+") == 3


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[list[Snapshot]], list[Example]]:
    """Examples of three partitions as snapshots tell them in any rhythm, all at the end."""
    examples, _ = simulated(60, seed=7)
    of = [examples[n::3] for n in range(3)]
    end, clocks, rounds = examples[-1].at, [START - 1] * 3, []
    for _ in range(draw(st.integers(1, 6))):
        clocks = [draw(st.integers(clock, min(end, clock + 30 * MINUTE))) for clock in clocks]
        rounds.append(list(clocks))
    told = [
        [
            Snapshot(n, clock, 0, [one for one in of[n] if one.at <= clock])
            for n, clock in enumerate(each)
        ]
        for each in (*rounds, [end] * 3)
    ]
    return told, examples


@given(tellings(), st.booleans())
@settings(deadline=None, max_examples=50)
def test_the_same_examples_give_the_same_model_however_they_are_told(
    told: tuple[list[list[Snapshot]], list[Example]], restarted: bool
) -> None:
    """To the byte, but for what names the record; also where each record is gone on from."""
    rounds, examples = told
    learner, last = Learner(RULES), None
    for snapshots in rounds:
        made = learner.fit(snapshots, 0)
        last = made or last
        if restarted and made is not None:
            learner = Learner(RULES, PropensityModel.model_validate_json(encode(made)))
    assert last is not None
    once = learnt(examples)
    unnamed = {"positions", "version", "propensity_id", "reason", "reason_args"}
    assert last.model_dump(exclude=unnamed) == once.model_dump(exclude=unnamed)


def test_an_example_is_learnt_once_and_none_is_missed_by_a_partition_far_behind() -> None:
    examples, _ = simulated(40, seed=8)
    late = Example(START + HOUR, True, examples[0].known)
    far = START + 60 * HOUR
    learner = Learner(RULES)
    first = learner.fit([Snapshot(0, far, 0, examples), Snapshot(1, START, 0, [])], 0)
    assert first is not None and first.learnt == 40
    again = [Snapshot(0, far, 0, examples), Snapshot(1, START + HOUR, 3, [late])]
    second = learner.fit(again, 0)
    assert second is not None and (second.learnt, second.dropped) == (41, 3)
    assert learner.fit(again, 0) is None


def test_other_rules_begin_anew_with_what_is_not_learnt_yet() -> None:
    examples, _ = simulated(50, seed=9)
    first = learnt(examples[:30])
    others = PropensityRules(answer_days=3.0)
    second = Learner(others, first).fit([Snapshot(0, examples[-1].at, 0, examples)], 0)
    assert second is not None
    assert (second.learnt, second.version, second.rules_id) == (20, 2, others.rules_id)


def test_what_is_known_at_one_time_is_not_learnt_by_its_labels() -> None:
    """A mass mailing has one time: its answers dealt out at random stay unknowable."""
    examples = simulated(8_000, seed=3, shuffled=True).examples
    at_once = [
        each._replace(at=examples[place // 2_000 * 2_000].at) for place, each in enumerate(examples)
    ]
    model = learnt(at_once)
    assert not model.believed
    assert model.auc == pytest.approx(0.5, abs=0.03)


def test_an_input_that_a_newer_version_learnt_counts_nothing_here() -> None:
    examples = simulated(1_000, seed=3).examples
    model = learnt(examples)
    more = Weight(name="channel:hologram", seen=5, mean=0.1, variance=0.1, weight=0.2)
    newer = model.model_copy(update={"weights": (*model.weights, more)})
    assert log_odds(examples[0].known, newer, RULES) == log_odds(examples[0].known, model, RULES)
