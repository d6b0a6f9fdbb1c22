"""Write the dashboards: ``python -m ops.grafana.build``, after a change of their descriptions."""

from __future__ import annotations

import json
from pathlib import Path

from ops.grafana.operations import OPERATIONS
from ops.grafana.panels import Board, dashboard
from ops.grafana.satisfaction import SATISFACTION
from ops.grafana.vip_desk import VIP_DESK

BOARDS: tuple[Board, ...] = (OPERATIONS, SATISFACTION, VIP_DESK)
DIRECTORY = Path(__file__).with_name("dashboards")


def written(board: Board) -> str:
    """The text of a board's file."""
    return json.dumps(dashboard(board), indent=1, ensure_ascii=False) + "\n"


def path_of(board: Board) -> Path:
    """Where a board's file belongs."""
    return DIRECTORY / f"{board.uid}.json"


if __name__ == "__main__":
    for each in BOARDS:
        path_of(each).write_text(written(each), encoding="utf-8")
        print(path_of(each).name)
