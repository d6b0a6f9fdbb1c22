"""A disk that fills ends a broker of our own: one line says so, and what to do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from streams.cluster.ending import is_full, why_ended
from streams.topics.ensure import ensure_topics
from tests.streams.cluster.small_disk import SmallDisk, needs_namespaces

LOG = """\
2026-01-01T00:00:00,001 ERROR Error while appending records to alerts-1 in dir /d (kafka.log.X)
java.io.IOException: {}
	at java.base/sun.nio.ch.UnixFileDispatcherImpl.write0(Native Method)
2026-01-01T00:00:00,002 WARN [ReplicaManager broker=1] Broker 1 stopped fetcher for a-0,b-0 (kafka)
"""


@pytest.mark.live
@needs_namespaces
@pytest.mark.timeout(240)
def test_a_disk_that_fills_is_told_in_one_line_and_what_was_acknowledged_stays(
    tmp_path: Path,
) -> None:
    with SmallDisk(tmp_path / "disk") as disk:
        disk.start()
        ensure_topics(disk.bootstrap, "full", 2).raise_if_wrong()
        kept = 0
        with closing(_producer(disk.bootstrap)) as producer:
            for _ in range(3):
                producer.send("alerts", b"x" * 1000, partition=0).get(30)
                kept += 1
            disk.fill()
            with pytest.raises(KafkaError):
                while disk.running:
                    producer.send("alerts", b"x" * 1000, partition=0).get(30)
                    kept += 1
        assert disk.ended() == 1
        assert "is nearly full" in disk.told()
        last = disk.told().splitlines()[-1]
        assert last.startswith(f"touchline: Kafka has died: the disk of {tmp_path}/disk/data is")
        assert "is full (0 MB of 32 MB free); free some or give another --data-dir" in last
        assert not any("Traceback" in line for line in disk.told().splitlines())
        # A start on it is refused, in one line too.
        assert disk.run().wait(60) == 1
        [line] = disk.told().splitlines()
        assert line.startswith(f"touchline: the disk of {tmp_path}/disk is full (0 MB of 32 MB")
        disk.free()
        disk.start()
        with closing(KafkaConsumer(bootstrap_servers=disk.bootstrap)) as consumer:
            tp = TopicPartition("alerts", 0)
            assert consumer.end_offsets([tp])[tp] >= kept


def _producer(bootstrap: str) -> KafkaProducer:
    return KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        delivery_timeout_ms=8_000,
        request_timeout_ms=5_000,
    )


@pytest.mark.parametrize("words", ["No space left on device", "Disk quota exceeded"])
def test_a_full_disk_is_known_by_the_log_even_where_there_is_room_again(
    tmp_path: Path, words: str
) -> None:
    log = tmp_path / "kafka.log"
    log.write_text(LOG.format(words))
    assert is_full(tmp_path, log)
    told = why_ended(tmp_path, log)
    assert "the disk of" in told
    assert "\n" not in told


def test_other_ends_are_told_by_the_last_error_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    where = f"data in {tmp_path}, log in {log}"
    assert why_ended(tmp_path, log) == f"Kafka has died, killed or ended by somebody; {where}"
    log.write_text(LOG.format("Input/output error"))
    error = "Error while appending records to alerts-1 in dir /d"
    assert why_ended(tmp_path, log) == f"Kafka has died: {error}; {where}"
    log.write_text("java.lang.OutOfMemoryError: Java heap space\n")
    assert "ran out of memory" in why_ended(tmp_path, log)
