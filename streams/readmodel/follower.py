"""The follower: a process of its own that keeps the file, whatever becomes of Kafka or of the file.

It has no group and leaves no trace in Kafka. What is wrong with the file makes it build another.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import traceback
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from domain.customer.state import StateFormatError
from domain.policy import load_policy
from schemas.errors import OperatingError
from streams.engine.admin import plain
from streams.engine.checkpoint import NewerFormat
from streams.engine.client.topic_ids import Known
from streams.readmodel import shards, tables
from streams.readmodel.asking import Asking
from streams.readmodel.catching_up import CatchingUp
from streams.readmodel.directory import BROKEN, alone, directory_of
from streams.readmodel.file import ModelFile
from streams.readmodel.following import Following
from streams.readmodel.inputs import Inputs
from streams.readmodel.newest import Newest
from streams.readmodel.opening import Unfit, look_through, make_file, open_file
from streams.readmodel.places import Places, wanted
from streams.settings import Settings

AGAIN_SECONDS: Final = 1.0
STUMBLED_SECONDS: Final = 5.0
TORN_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 5.0
PARENT_SECONDS: Final = 0.5
TORN: Final = (sqlite3.Error, Unfit, ValueError)
"""After these a file is looked through before it is opened again."""

log = structlog.get_logger("touchline.readmodel")


class Changed(Exception):
    """Topics came that were missing: what is read is to be planned anew."""


def follow(settings: Settings, *, parent: int | None = None) -> None:
    """Keep the read model until SIGTERM, or until the process ``parent`` is no longer ours.

    Raises :class:`streams.readmodel.directory.Occupied` where the directory has a follower, and
    :class:`streams.settings.SettingError` for partitions that cannot be.
    """
    asyncio.run(_until_told(settings, parent))


async def _until_told(settings: Settings, parent: int | None) -> None:
    with alone(directory_of(settings)):
        keeping = asyncio.create_task(keep(settings))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, keeping.cancel)
        try:
            while not keeping.done() and parent in (None, os.getppid()):
                await asyncio.wait((keeping,), timeout=PARENT_SECONDS)
        finally:
            keeping.cancel()
            await asyncio.wait((keeping,))
        if not keeping.cancelled():
            keeping.result()


async def keep(settings: Settings) -> None:
    """Keep the read model in a directory that is ours, until cancelled.

    Whatever happens to one life of it, there is another: whoever asks goes on being answered.
    """
    follower, told = Follower(settings), ""
    while True:
        follower.caught_up = False
        try:
            await follower.run()
        except Changed:
            continue
        except sqlite3.OperationalError as error:  # no room on the disk, no right to write
            log.error("the read model cannot be written", why=str(error))
            await asyncio.sleep(AGAIN_SECONDS)
        except (Unfit, OffsetOutOfRangeError) as error:
            follower.rebuild = str(error) or type(error).__name__
            await asyncio.sleep(AGAIN_SECONDS)
        except NewerFormat as error:  # no file that we build would tell more
            log.error("the read model cannot be read on", why=str(error))
            await asyncio.sleep(error.again)
        except (StateFormatError, msgspec.MsgspecError) as error:
            log.error("the read model holds what cannot be read", error=type(error).__name__)
            follower.rebuild = "it holds a state that cannot be read"
            await asyncio.sleep(TORN_SECONDS)
        except (KafkaError, TimeoutError, OSError, Missing) as error:
            why = plain(error) if isinstance(error, KafkaError) else str(error)
            why = why or "Kafka does not answer in time"
            if follower.caught_up or why != told:
                log.warning("the read model waits for Kafka", why=why)
            told = why
            await asyncio.sleep(AGAIN_SECONDS)
        except OperatingError:
            raise
        except Exception as error:
            if isinstance(error, sqlite3.Error) and tables.torn(error):
                follower.rebuild = str(error)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            log.error("the read model stumbled", error=type(error).__name__, at=_place(error))
            await asyncio.sleep(STUMBLED_SECONDS)


def _place(error: BaseException) -> str:
    """In which files and lines it came about: its own words might be a customer's."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


class Missing(OperatingError):
    """There is nothing to follow yet."""


class Follower:
    """One life of following after the other; ``rebuild`` says why the file has to go."""

    def __init__(self, settings: Settings) -> None:
        self.rebuild: str | None = None
        self.caught_up = False
        self._settings = settings
        self._directory = directory_of(settings)
        policy = load_policy(settings.policy)
        self._policy, self._newest = policy, Newest(policy)

    async def run(self) -> None:
        """Open the file, bring it to the end, and follow."""
        settings = self._settings
        async with Asking(settings) as asking:
            topics = await asking.topics(wanted(settings.changelog))
            changelog = topics.get(settings.changelog)
            if changelog is None:
                raise Missing(
                    f"there is no topic {settings.changelog}: make the topics with "
                    "`touchline topics`"
                )
            partitions = len(changelog.partitions)
            places = Places.of(settings.changelog, topics, shards.held(settings, partitions))
            file = await self._file(places, partitions)
            try:
                await CatchingUp(settings, file, asking, places, self._newest).run()
                self.caught_up = True
                following = Following(settings, file, asking, places, self._newest)
                inputs = Inputs(settings, file, asking, places)
                looking = self._look(asking, topics, file)
                await self._follow(following.run(), inputs.run(), looking)
            except BaseException as error:
                file.close(whole=not isinstance(error, TORN))
                raise

    async def _follow(self, *work: Coroutine[Any, Any, None]) -> None:
        """Do all this for ever; the first that ends ends the others."""
        tasks = [asyncio.create_task(one) for one in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, asking: Asking, had: Mapping[str, Known], file: ModelFile) -> None:
        """Look now and then whether topics and file are still the same."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not file.path.exists():
                raise Unfit("somebody removed the file")
            if (self._directory / BROKEN).exists():
                raise Unfit("a reader found it torn")
            now = await asking.topics(wanted(self._settings.changelog))
            for topic, known in now.items():
                if topic not in had:
                    raise Changed(topic)
                if had[topic].id != known.id:
                    raise Unfit(f"the topic {topic} was made anew")

    async def _file(self, places: Places, partitions: int) -> ModelFile:
        """The file that is there, or a new one."""
        whose = {
            "application": self._settings.app_id,
            "partitions": str(partitions),
            "held": ",".join(map(str, places.numbers)),
        }
        meta = {**whose, "kafka": self._settings.kafka.bootstrap or ""}
        ids = places.ids
        why, self.rebuild = self.rebuild, None
        if why is None:
            try:
                await look_through(self._directory)
                file = open_file(self._directory, whose, self._policy)
            except Unfit as error:
                why = str(error)
            else:
                changed = [t for t, had in file.topic_ids.items() if had and ids.get(t, had) != had]
                if not changed:
                    file.begin(ids, meta)
                    return file
                file.close()
                why = f"the topic {changed[0]} was made anew"
        log.warning("the read model is built again", why=why)
        file = make_file(self._directory, meta, places.numbers, self._policy)
        file.begin(ids, meta)
        return file


__all__ = ["follow", "keep"]
