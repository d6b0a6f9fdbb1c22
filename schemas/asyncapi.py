"""The AsyncAPI 3.0 document: which channels there are, and what they carry under which key."""

from typing import Any, Final

from schemas import topics
from schemas.jsonschema import OUTPUT_MODELS, examples_by_name, shared_schemas
from schemas.touchpoints import MODEL_OF_TYPE

KAFKA_BINDING: Final = "0.5.0"
_SCHEMAS: Final = "#/components/schemas/{model}"
_INTERNAL: Final = {
    topics.PARTITION_SUMMARIES: (
        "What one partition knows that all customers share. Internal: its form may change.",
        "the partition's number",
    ),
    topics.CUSTOMER_MOVES: (
        "What goes from one customer id to another one of the same person. Internal: its form may"
        " change.",
        "the customer id it goes to",
    ),
}
_KEYS: Final = {
    "SegmentModel": "Always `model`: the topic is compacted, the newest model is in force.",
    "Standings": "Always `standings`: the topic is compacted, the newest record is in force.",
    "Surges": "Always `surges`: the topic is compacted, the newest record is in force.",
    "Inconsistencies": "Always `inconsistencies`: the topic is compacted, the newest is in force.",
    "PropensityModel": "Always `propensity`: the topic is compacted, the newest is in force.",
    "Workers": "Always `workers`: the topic is compacted, the newest record is in force.",
    "Referral": "The referrer's id in UTF-8; its murmur2 hash chooses the partition.",
    "AlertState": (
        "The alert_id of the alert's first level, in the customer's partition: the topic is"
        " compacted, the newest record is in force; one without a value deletes the state."
    ),
    "Signal": "The customer_id where the signal speaks of one customer, else none.",
    "DeadLetter": "The key of the refused record, as it came.",
}
_CUSTOMER_KEY: Final = "customer_id in UTF-8; its murmur2 hash chooses the partition."

Json = dict[str, Any]


def asyncapi_document(partitions: int = 12) -> Json:
    """The document as plain JSON values, for topics of `partitions` partitions."""
    inputs = {topics.TOPIC_OF_TYPE[kind]: [model.__name__] for kind, model in MODEL_OF_TYPE.items()}
    outputs: dict[str, list[str]] = {}
    for model in OUTPUT_MODELS:
        outputs.setdefault(model.topic, []).append(model.__name__)
    described = {
        model.__name__: _summary(model.__doc__)
        for model in (*MODEL_OF_TYPE.values(), *OUTPUT_MODELS)
    }
    messages = {name: _message(name, summary) for name, summary in described.items()}
    messages |= {_name(topic): _internal(topic) for topic in _INTERNAL}
    channels = {
        _name(topic): _channel(topic, carried, partitions)
        for topic, carried in (inputs | outputs).items()
    }
    channels |= {_name(topic): _channel(topic, [_name(topic)], partitions) for topic in _INTERNAL}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Touchline",
            "version": "1.0.0",
            "description": (
                "Live customer experience on Kafka: customers' touchpoints in; alerts, state"
                " changes and signals out. Consumers should read with `read_committed`."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"receive-{_name(topic)}": _operation("receive", topic, inputs[topic])
            for topic in inputs
        }
        | {f"send-{_name(topic)}": _operation("send", topic, outputs[topic]) for topic in outputs},
        "components": {"messages": messages, "schemas": shared_schemas(_SCHEMAS)},
    }


def _name(topic: str) -> str:
    """A topic as a key of the document, which allows no dot."""
    return topic.replace(".", "-")


def _summary(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


def _key(description: str) -> Json:
    return {
        "kafka": {
            "key": {"type": "string", "description": description},
            "bindingVersion": KAFKA_BINDING,
        }
    }


def _message(name: str, summary: str) -> Json:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": _SCHEMAS.format(model=name)},
        "bindings": _key(_KEYS.get(name, _CUSTOMER_KEY)),
        "examples": [
            {"name": f"{name}-{number}", "payload": payload}
            for number, payload in enumerate(examples_by_name()[name], start=1)
        ],
    }


def _internal(topic: str) -> Json:
    summary, key = _INTERNAL[topic]
    return {
        "name": _name(topic),
        "summary": summary,
        "contentType": "application/octet-stream",
        "bindings": _key(key),
    }


def _channel(topic: str, carried: list[str], partitions: int) -> Json:
    kafka: Json = {"topic": topic, "partitions": partitions, "bindingVersion": KAFKA_BINDING}
    if topic in topics.COMPACTED_TOPICS and topic not in _INTERNAL:
        kafka["topicConfiguration"] = {"cleanup.policy": ["compact"]}
    return {
        "address": topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in carried},
        "bindings": {"kafka": kafka},
    }


def _operation(action: str, topic: str, carried: list[str]) -> Json:
    channel = f"#/channels/{_name(topic)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in carried],
    }
