"""What the records have in common that are made over all customers and read by every worker."""

from typing import TYPE_CHECKING, ClassVar

from schemas.published import Published


class CommonRecord(Published):
    """A record made of all partitions' snapshots: of each `kind` the highest `version` counts."""

    kind: ClassVar[str]
    of_partitions: ClassVar[bool] = True
    """Whether partitions take it into use; else it is for the worker alone."""

    if TYPE_CHECKING:
        # Each class has the field where it stands among its own: the order of fields is written.
        version: int
