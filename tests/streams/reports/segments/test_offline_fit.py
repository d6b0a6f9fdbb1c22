"""The offline fit: the bank case from raw clicks, other columns, impossible rows, pins."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

from domain.policy.segments import SegmentRules
from schemas.segments import QUARANTINE
from streams.reports.segments.offline import OfflineFit, fit, silhouettes
from streams.reports.segments.reading import SegmentFileError, Vectors, read_vectors
from streams.sources.bank_case import BankCase

NOW = 1_767_000_000_000
NAMES = {"lurkers": "lurkers", "quality": "quality", "notification_only": "notification-only"}


def fitted(path: Path, rules: SegmentRules | None = None, **more: Any) -> OfflineFit:
    return fit(read_vectors(path), rules or SegmentRules(), NOW, **more)


def bank_case(folder: Path, seed: int = 1) -> Path:
    path = folder / "case.jsonl"
    path.write_bytes(b"".join(BankCase(seed).lines()))
    return path


def table(folder: Path, names: list[str], rows: np.ndarray[Any, Any], more: str = "") -> Path:
    lines = [f"c-{row:05d}," + ",".join(map(repr, row_.tolist())) for row, row_ in enumerate(rows)]
    path = folder / "vectors.csv"
    path.write_text("\n".join([f"customer_id,{','.join(names)}", *lines, more]), encoding="utf-8")
    return path


def blobs(centres: list[list[float]], each: int, seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(centre, 1.0, (each, len(centre))) for centre in centres])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_bank_case_comes_out_as_published(tmp_path: Path, seed: int) -> None:
    found = fitted(bank_case(tmp_path, seed))
    cards = {card.name: card for card in found.model.segments}
    assert {name: card.size for name, card in cards.items()} == {
        "lurkers": 82, "quality": 13, "notification-only": 5,
    }  # fmt: skip
    assert max(found.model.silhouettes, key=found.model.silhouettes.__getitem__) == 3
    assert "account messages" in cards["notification-only"].strategy
    assert "promotional pushes" in cards["lurkers"].strategy
    assert "normal updates" in cards["quality"].strategy
    pushed = found.pushed(list(cards).index("lurkers"))
    assert pushed is not None
    assert round(100 * pushed, 1) == 63.8
    assert found.model.quarantined == 0


def test_every_customer_of_the_bank_case_is_in_the_segment_of_its_group(tmp_path: Path) -> None:
    found = fitted(bank_case(tmp_path))
    of_segment = {
        who: found.segment_of(int(label))[1]
        for who, label in zip(found.vectors.customers, found.labels, strict=True)
    }
    assert of_segment == {who: NAMES[group] for who, group in BankCase(1).group_of.items()}
    assert (found.second != found.labels).all()


def test_the_order_of_the_events_makes_no_difference(tmp_path: Path) -> None:
    forwards = fitted(bank_case(tmp_path))
    path = bank_case(tmp_path)
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    assert fitted(path).model == forwards.model


def test_columns_of_other_names_are_used_as_they_are(tmp_path: Path) -> None:
    rows = blobs([[0, 0, 500], [9, 0, 509], [0, 9, 509], [9, 9, 500]], 40)
    found = fitted(table(tmp_path, ["a", "b", "c"], rows))
    assert found.model.features == ("a", "b", "c")
    assert not any(found.model.logged)
    assert Counter(found.labels.tolist()) == {0: 40, 1: 40, 2: 40, 3: 40}
    batch = KMeans(4, n_init=20, random_state=0).fit(found.standard)
    assert (found.distances**2).sum() == pytest.approx(batch.inertia_, rel=1e-6)
    assert found.model.occurred_at.timestamp() * 1000 == NOW


def test_a_column_is_logged_where_it_is_asked_for(tmp_path: Path) -> None:
    rows = np.exp(blobs([[0, 0], [9, 0]], 40) / 2)
    path = table(tmp_path, ["spend", "visits"], rows)
    found = fitted(path, log=["spend"])
    assert dict(zip(found.model.features, found.model.logged, strict=True)) == {
        "spend": True, "visits": False,
    }  # fmt: skip
    with pytest.raises(SegmentFileError, match="--log money is no column of the file; it has sp"):
        fitted(path, log=["money"])


def test_bank_features_are_known_by_name_in_any_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = np.column_stack((rng.uniform(0, 1, 60), rng.poisson([2] * 30 + [90] * 30)))
    found = fitted(table(tmp_path, ["push_share", "account_messages"], rows))
    assert found.model.features == ("account_messages", "push_share")
    assert found.model.logged == (True, False)
    assert "notification-only" not in {card.name for card in found.model.segments}


def test_impossible_rows_are_left_out_counted_and_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = np.column_stack((rng.uniform(0, 1, 60), rng.poisson([2] * 30 + [90] * 30)))
    bad = "bad-1,1.5,3\nbad-2,0.5,-3\nbad-3,nan,3\nbad-4,0.5,inf\n"
    found = fitted(table(tmp_path, ["push_share", "account_messages"], rows, bad))
    assert len(found.vectors.customers) == 60
    assert found.vectors.left_out == {"rows with an impossible number": 4}
    said = {each.customer_id: (each.line, each.why) for each in found.vectors.rejected}
    assert said["bad-1"] == (62, "push_share is 1.5; it must lie from 0 to 1")
    assert said["bad-2"][1].startswith("account_messages is -3; it must lie from 0")
    assert set(said) == {"bad-1", "bad-2", "bad-3", "bad-4"}


def test_the_number_of_segments_can_be_pinned(tmp_path: Path) -> None:
    found = fitted(bank_case(tmp_path), k=5)
    assert found.k == 5
    assert sum(card.size for card in found.model.segments) + found.model.quarantined == 100


def test_a_few_strangers_are_quarantined(tmp_path: Path) -> None:
    rows = blobs([[0, 0], [12, 0], [0, 12]], 100)
    far = "far-1,900,900\nfar-2,905,890\n"
    found = fitted(table(tmp_path, ["a", "b"], rows, far))
    out = [
        who
        for who, label in zip(found.vectors.customers, found.labels, strict=True)
        if found.segment_of(int(label))[0] == QUARANTINE
    ]
    assert out == ["far-1", "far-2"]
    assert found.k == 3
    assert np.isnan(found.silhouettes[-2:]).all()


def test_too_few_customers_are_an_error_that_says_how_many_there_must_be(tmp_path: Path) -> None:
    with pytest.raises(SegmentFileError, match="10 customers have a vector; there must be at lea"):
        fitted(table(tmp_path, ["a"], blobs([[0]], 10)))


def test_customers_all_alike_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SegmentFileError, match="no two segments"):
        fitted(table(tmp_path, ["a"], np.ones((50, 1))))


def test_a_policy_may_ask_of_clicks_only_what_clicks_tell(tmp_path: Path) -> None:
    rules = SegmentRules(features=("app_launches", "complaints"))
    with pytest.raises(SegmentFileError, match="complaints, which clicks alone do not"):
        fitted(bank_case(tmp_path), rules)
    rules = SegmentRules(features=("functions_visited", "account_messages"))
    assert fitted(bank_case(tmp_path), rules).model.features == rules.features


def test_silhouettes_are_those_of_sklearn() -> None:
    points = blobs([[0, 0], [4, 0], [0, 3]], 30, seed=2)
    labels = KMeans(3, n_init=5, random_state=0).fit_predict(points).astype(np.int16)
    expected = silhouette_samples(points, labels)
    assert silhouettes(points, labels, 3) == pytest.approx(expected)
    labels[7] = 3
    found = silhouettes(points, labels, 3)
    kept = labels < 3
    assert np.isnan(found[7])
    assert found[kept] == pytest.approx(silhouette_samples(points[kept], labels[kept]))


def test_vectors_are_not_changed_by_a_fit(tmp_path: Path) -> None:
    vectors: Vectors = read_vectors(bank_case(tmp_path))
    before = vectors.raw.copy()
    fit(vectors, SegmentRules(), NOW)
    assert (vectors.raw == before).all()
