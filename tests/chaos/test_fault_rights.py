"""Each right of a worker taken from it while it works, one after the other, and given back.

On a broker that allows nothing but what ``touchline topics --acls`` prints. Minutes long: a right
is missed at the next look, and a group waits for its members.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.engine.rights import Right, of_engine, sentences
from streams.settings import KafkaSettings, Settings
from streams.topics.acls import WHO
from streams.topics.ensure import ensure_topics
from tests.streams.running import Record, balance, event, got, produce, until, worker_process
from tests.streams.secure.authorised import Authorised
from tests.streams.secure.rights_house import IMPATIENT

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(3_000)]

APP_ID, USER = "rights", "worker"


def settings_of(variables: dict[str, str]) -> Settings:
    """What the worker's settings are, as far as sentences go by them."""
    kafka = KafkaSettings(
        bootstrap=variables["TOUCHLINE_KAFKA__BOOTSTRAP"],
        security_protocol="SASL_PLAINTEXT",
        sasl_username=USER,
        sasl_password="-",  # type: ignore[arg-type]
    )
    return Settings(app_id=APP_ID, partitions=1, kafka=kafka)


def some_of_all(nth: int) -> list[Record]:
    """Records that make the worker write to most of its topics; one counted event of `steady`."""
    new, old = f"new-{nth}", f"old-{nth}"
    return [
        balance(f"b-{nth}", "steady", 1_000_000.0 * (nth % 3)),
        balance(f"o-{nth}", old, 50_000.0),
        event(f"u-{nth}", old, "transaction", amount=10, currency="XTS", direction="credit",
              account_id="a", balance_after=1),
        event(f"c-{nth}", new, "complaint", complaint_id=f"c-{nth}", step="filed",
              category="fees", severity="critical"),
        event(f"r-{nth}", new, "profile", referred_by=old),
        event(f"s-{nth}", new, "survey", instrument="nps", score=0),
        ("touchpoints.app", b"bad", b"{}"),
    ]  # fmt: skip


def test_each_right_of_a_worker_is_missed_told_and_given_back(tmp_path: Path) -> None:
    house = Authorised([USER])
    with house.broker as broker:
        ensure_topics(broker.bootstrap, APP_ID, 1).raise_if_wrong()
        variables = house.environment(USER, APP_ID)
        settings, log = settings_of(variables), tmp_path / "log"
        house.allow(USER, WHO["worker"](settings))
        rights = of_engine(settings)
        with worker_process(variables, log, IMPATIENT) as address:
            until(lambda: _ready(address), "a ready worker")
            for nth, right in enumerate(rights):
                [sentence] = sentences(settings, [right])
                print(*right, _missed(house, variables, address, right, sentence, nth), flush=True)
        said = log.read_text()
        for right in rights:
            assert sentences(settings, [right])[0] in said, right
        assert "Can't send messages while not in transaction" not in said


def _missed(  # noqa: PLR0917
    house: Authorised,
    variables: dict[str, str],
    address: str,
    right: Right,
    sentence: str,
    nth: int,
) -> str:
    """Take a right away while there is work, look who tells, give it back and count."""
    house.deny(USER, [right])
    produce(house.broker.bootstrap, some_of_all(nth))
    until(lambda: sentence in _reasons(address), f"{right} missed", 30)
    doctor = _run(variables, "doctor")
    assert doctor.returncode == 1, (right, doctor.stdout)
    assert sentence in doctor.stdout, (right, doctor.stdout)
    time.sleep(2)  # long enough to be refused in action, too
    house.allow(USER, [right])
    given = time.monotonic()
    until(lambda: _ready(address), f"ready with {right}", 90)
    healed = time.monotonic() - given
    until(lambda: _counted(variables, nth + 1), f"all of {right}", 60)
    return f"healed after {healed:.1f} s"


def _ready(address: str) -> bool:
    return got(f"{address}/readyz")[0] == 200


def _reasons(address: str) -> str:
    status, text = got(f"{address}/readyz")
    return " | ".join(json.loads(text)["reasons"]) if status == 503 else ""


def _counted(variables: dict[str, str], wanted: int) -> int | None:
    """What is known of the customer of whom each round has one event; never more than that."""
    done = _run(variables, "state", "steady", "--json")
    if done.returncode:
        return None
    found = int(json.loads(done.stdout)["transactions"])
    assert found <= wanted
    return found if found == wanted else None


def _run(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "streams.cli", *words]
    wide = {**variables, "COLUMNS": "10000"}
    return subprocess.run(line, env=wide, capture_output=True, text=True, check=False, timeout=120)
