"""JSON Schema (draft 2020-12) of everything that crosses the boundary."""

from typing import Any, Final

import msgspec
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from schemas.audit import AUDIT_EXAMPLES, AuditRecord
from schemas.examples import EXAMPLES, OUTPUT_EXAMPLES
from schemas.figures import published
from schemas.inconsistencies import Inconsistencies
from schemas.propensity import PropensityModel
from schemas.published import (
    Alert,
    AlertState,
    CareTask,
    CustomerTransition,
    DeadLetter,
    Published,
    Referral,
    SegmentUpdate,
    Signal,
)
from schemas.segments import SegmentModel
from schemas.standings import Standings
from schemas.surges import Surges
from schemas.touchpoints import MODEL_OF_TYPE, Touchpoint
from schemas.workers import Workers

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

OUTPUT_MODELS: Final[tuple[type[Published], ...]] = (
    Alert,
    SegmentUpdate,
    CareTask,
    CustomerTransition,
    Signal,
    DeadLetter,
    SegmentModel,
    Standings,
    Surges,
    Inconsistencies,
    PropensityModel,
    Workers,
    Referral,
    AlertState,
)

Schema = dict[str, Any]


def json_schemas() -> dict[str, Schema]:
    """A schema that stands alone for each input and output by name, and one for `Touchpoint`.

    So is that of a customer's figures, which cross the boundary as lines and on no topic, and that
    of the audit, whose topic is named after the application.
    """
    models: list[type[BaseModel]] = [*MODEL_OF_TYPE.values(), *OUTPUT_MODELS, AuditRecord]
    made = {model.__name__: model.model_json_schema() for model in models}
    made["Touchpoint"] = {"title": "Touchpoint", **TypeAdapter(Touchpoint).json_schema()}
    made[published.NAME] = published.schema()
    examples = examples_by_name()
    for name, schema in made.items():
        if name in examples:
            schema["examples"] = examples[name]
        made[name] = {"$schema": DIALECT, "$id": f"urn:touchline:schema:{name}", **schema}
    return made


def shared_schemas(template: str) -> dict[str, Schema]:
    """The schemas of all records and their parts, which refer to each other by `template`.

    `template` holds `{model}`, such as `#/components/schemas/{model}`.
    """
    models: list[type[BaseModel]] = [*MODEL_OF_TYPE.values(), *OUTPUT_MODELS]
    _, made = models_json_schema([(model, "validation") for model in models], ref_template=template)
    definitions: dict[str, Schema] = made["$defs"]
    return definitions


def examples_by_name() -> dict[str, list[dict[str, Any]]]:
    """Examples by the name of their model."""
    named = {model.__name__: EXAMPLES[kind] for kind, model in MODEL_OF_TYPE.items()}
    figures = {published.NAME: [msgspec.to_builtins(published.example())]}
    return named | OUTPUT_EXAMPLES | figures | {AuditRecord.__name__: AUDIT_EXAMPLES}
