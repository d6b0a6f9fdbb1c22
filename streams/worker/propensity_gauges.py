"""The model of answers to mailings as gauges: how much it learnt, and how good it is."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from schemas.propensity import PropensityModel


def propensity_gauges(model: PropensityModel) -> Iterator[GaugeMetricFamily]:
    """The figures of the model in use; those that cannot be told yet are left out."""
    for name, told, value in (
        ("version", "Version of the model of answers to mailings.", model.version),
        ("examples", "Examples that the model of answers learnt.", model.learnt),
        ("examples_dropped", "Examples that left before they could be learnt.", model.dropped),
        ("believed", "1 where the model knows enough to tell a probability.", int(model.believed)),
        ("auc_ratio", "AUC of the newest answers, predicted before learnt.", model.auc),
        ("log_loss", "Mean log loss of the same.", model.log_loss),
        ("calibration_error_ratio", "Predicted less true share, over ten bins.",
         model.calibration_error),
    ):  # fmt: skip
        if value is not None:
            yield GaugeMetricFamily(f"touchline_propensity_{name}", told, value=value)
