"""JSON Schema and AsyncAPI say the same as the models."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.asyncapi import asyncapi_document
from schemas.codec import Bad, decode
from schemas.examples import EXAMPLES, OUTPUT_EXAMPLES
from schemas.fields import zone_name
from schemas.jsonschema import OUTPUT_MODELS, examples_by_name, json_schemas
from schemas.published import DeadLetter
from schemas.segments import MODEL_KEY
from schemas.standings import STANDINGS_KEY
from schemas.surges import SURGES_KEY
from schemas.topics import INPUT_TOPICS, OUTPUT_TOPICS, TOPIC_OF_TYPE
from schemas.touchpoints import MODEL_OF_TYPE

SCHEMAS = json_schemas()
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
INPUTS = [event for events in EXAMPLES.values() for event in events]
INPUT_NAMES = {model.__name__ for model in MODEL_OF_TYPE.values()}
DOCUMENT = asyncapi_document()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolved(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        document = document[part]
    return document


def test_there_is_a_schema_of_each_record_and_of_their_union() -> None:
    names = {model.__name__ for model in (*MODEL_OF_TYPE.values(), *OUTPUT_MODELS)}
    assert set(SCHEMAS) == names | {"Touchpoint", "CustomerFigures", "AuditRecord"}
    assert len({schema["$id"] for schema in SCHEMAS.values()}) == len(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_valid_json_schema_and_stands_alone(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    for reference in references(schema):
        assert resolved(schema, reference)


@pytest.mark.parametrize("name", examples_by_name())
def test_each_example_is_valid_by_its_schema(name: str) -> None:
    for example in examples_by_name()[name]:
        VALIDATORS[name].validate(example)
        if name in INPUT_NAMES:
            VALIDATORS["Touchpoint"].validate(example)


@pytest.mark.parametrize("name", examples_by_name())
def test_each_required_field_is_required_by_the_schema(name: str) -> None:
    for example in examples_by_name()[name]:
        for field in SCHEMAS[name]["required"]:
            less = {key: value for key, value in example.items() if key != field}
            assert not VALIDATORS[name].is_valid(less)
        assert not VALIDATORS[name].is_valid({**example, "unknown": 1})


replacements = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 1_100),
    st.floats(-20, 1_100, allow_nan=False).filter(lambda number: not number.is_integer()),
    st.text(alphabet="aZ9é:/", max_size=70),
    st.sampled_from(["", "x" * 64, "x" * 65, "x" * 2_000, "x" * 2_001, "a\tb"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["start", "end", "sms", "x"]), st.booleans(), max_size=3),
    st.sampled_from(
        sorted({value for event in INPUTS for value in event.values() if isinstance(value, str)})
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_schema_and_model_agree_on_changed_events(data: st.DataObject) -> None:
    event = dict(data.draw(st.sampled_from(INPUTS)))
    model = MODEL_OF_TYPE[event["type"]]
    names = [name for name in model.model_fields if name != "type"]
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from(names))
        if data.draw(st.booleans()):
            event[name] = data.draw(replacements)
        else:
            event.pop(name, None)
    judged = decode(json.dumps(event).encode())
    accepted = not isinstance(judged, Bad)
    if isinstance(judged, Bad) and "must not be before occurred_at" in judged.detail:
        return  # a schema does not compare one field with another
    zone = event.get("time_zone")
    if isinstance(zone, str) and zone_name(zone) is None:
        assert not accepted  # a schema tells how a zone is written, not which there are
        return
    assert VALIDATORS[model.__name__].is_valid(event) == accepted
    assert VALIDATORS["Touchpoint"].is_valid(event) == accepted


def test_the_document_has_a_channel_of_each_topic_with_its_partitions() -> None:
    channels = asyncapi_document(partitions=7)["channels"]
    addresses = {channel["address"]: channel for channel in channels.values()}
    assert set(addresses) == {*INPUT_TOPICS, *OUTPUT_TOPICS}
    for address, channel in addresses.items():
        kafka = channel["bindings"]["kafka"]
        assert (kafka["topic"], kafka["partitions"]) == (address, 7)
    assert asyncapi_document()["channels"]["alerts"]["bindings"]["kafka"]["partitions"] == 12


def test_every_reference_of_the_document_resolves() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 40
    for reference in found:
        assert resolved(DOCUMENT, reference)


def test_the_document_receives_inputs_and_sends_outputs() -> None:
    carried: dict[str, dict[str, set[str]]] = {"receive": {}, "send": {}}
    for operation in DOCUMENT["operations"].values():
        channel = resolved(DOCUMENT, operation["channel"]["$ref"])
        payloads = {
            resolved(DOCUMENT, resolved(DOCUMENT, message["$ref"])["$ref"])["payload"]["$ref"]
            for message in operation["messages"]
        }
        carried[operation["action"]][channel["address"]] = payloads
    schema = "#/components/schemas/"
    assert carried["receive"] == {
        TOPIC_OF_TYPE[kind]: {schema + model.__name__} for kind, model in MODEL_OF_TYPE.items()
    }
    sent: dict[str, set[str]] = {}
    for model in OUTPUT_MODELS:
        sent.setdefault(model.topic, set()).add(schema + model.__name__)
    assert carried["send"] == sent


def test_examples_in_the_document_are_valid_by_its_own_schemas() -> None:
    checked = 0
    for message in DOCUMENT["components"]["messages"].values():
        for example in message.get("examples", ()):
            whole = {**message["payload"], "components": DOCUMENT["components"]}
            Draft202012Validator(whole).validate(example["payload"])
            checked += 1
    assert checked == len(INPUTS) + sum(map(len, OUTPUT_EXAMPLES.values()))


def test_messages_about_customers_say_that_the_key_is_the_customer() -> None:
    messages = DOCUMENT["components"]["messages"]
    for model in (*MODEL_OF_TYPE.values(), *OUTPUT_MODELS):
        key = messages[model.__name__]["bindings"]["kafka"]["key"]
        assert key["type"] == "string"
        about_a_customer = "customer_id" in model.model_fields and model is not DeadLetter
        assert ("customer" in key["description"]) == about_a_customer


@pytest.mark.parametrize(
    ("record", "key"),
    [("SegmentModel", MODEL_KEY), ("Standings", STANDINGS_KEY), ("Surges", SURGES_KEY)],
)
def test_records_over_all_customers_are_kept_compacted_under_a_key_each(
    record: str, key: bytes
) -> None:
    channel = DOCUMENT["channels"]["segment-model"]
    configuration = channel["bindings"]["kafka"]["topicConfiguration"]
    assert configuration == {"cleanup.policy": ["compact"]}
    described = DOCUMENT["components"]["messages"][record]["bindings"]["kafka"]["key"]
    assert f"`{key.decode()}`" in described["description"]


def test_the_documents_are_the_same_each_time() -> None:
    assert json.dumps(json_schemas()) == json.dumps(SCHEMAS)
    assert json.dumps(asyncapi_document()) == json.dumps(DOCUMENT)
