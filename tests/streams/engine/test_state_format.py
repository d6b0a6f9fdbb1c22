"""Which forms of state belong to which format of the checkpoint, which keeps older workers off."""

from __future__ import annotations

from domain.assembly import stored
from streams.engine.checkpoint import FORMAT, PLACE_OF_WORKER, Checkpoint

FORMS_OF: dict[int, tuple[set[str], tuple[int, ...]]] = {
    1: ({"e9a7b3729835b668"}, (1, 1, 1, 1, 1)),
    2: (
        {"0db5adb66df644e3"},
        (1, 1, 1, 1, 1),
    ),  # a state of an alert that is told is not forgotten
    # channels by numbers that were none before, remarks that are owed an answer, steps of journeys;
    # habits by which customers stand out and health records, which an older worker leaves alone;
    # campaigns; care; steps of the playbook, first impressions; mailings that wait for an answer,
    # with the examples made of them
    3: ({"0f6ee27b344ae595", "8d86fdae730f1e6f"}, (1, 1, 1, 1, 1, 1, 1)),
}
"""By format the fingerprints of the stored forms, and the numbers of those forms.

A worker that does not know a field forgets it when it writes the record anew. Where that may not
be, whoever appends it raises `checkpoint.FORMAT` and adds a line here: then workers of before leave
such a partition alone. Where it does no harm, the new fingerprint joins those of the same format.
"""


def test_another_form_of_state_has_been_weighed() -> None:
    forms, numbers = FORMS_OF[FORMAT]
    assert stored.forms_fingerprint() in forms
    assert numbers == stored.NUMBERS


def test_who_wrote_a_checkpoint_is_found_by_any_version() -> None:
    assert Checkpoint.__struct_fields__[0] == "format"
    assert Checkpoint.__struct_fields__[PLACE_OF_WORKER] == "by"
