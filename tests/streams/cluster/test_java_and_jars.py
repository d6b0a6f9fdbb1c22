"""Where Java and Kafka's jars come from, with stand-ins on the path for what a machine may lack."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from streams.cluster import docker, jars, java
from streams.cluster.errors import BrokerError
from streams.cluster.run import choose_broker

MAVEN = """#!/bin/sh
echo run >> {runs}
for word in "$@"; do case "$word" in -DoutputDirectory=*) out="${{word#*=}}";; esac; done
mkdir -p "$out"; sleep 0.3; touch "$out/kafka_2.13-4.jar"
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def fake_java(directory: Path, version: str) -> Path:
    text = f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n"
    return program(directory / "bin" / "java", text)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a shell and nothing else on its path, and an empty cache."""
    path = tmp_path / "path"
    path.mkdir()
    for name in ("sh", "mkdir", "sleep", "touch"):
        found = shutil.which(name)
        assert found is not None
        (path / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("TOUCHLINE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return path


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21-ea" 2023-09-19', 21),
        ("sh: java: not found", None),
    ],
)
def test_the_version_is_read_from_what_java_prints(text: str, version: int | None) -> None:
    assert java.major_version(text) == version


def test_java_home_comes_before_the_path(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bare / "java", "#!/bin/sh\necho 'version \"21.0.1\"'\n")
    assert java.find_java(install=False).version == 21
    home = fake_java(tmp_path / "home", "17.0.15").parent.parent
    monkeypatch.setenv("JAVA_HOME", str(home))
    found = java.find_java(install=False)
    assert (found.version, found.home) == (17, home)


def test_a_java_too_old_is_named_in_the_error(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "_packaged", lambda: None)
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "old", "11.0.2").parent.parent))
    with pytest.raises(
        BrokerError, match=r"Java 17\+ is needed, found: .*old/bin/java \(Java 11\)"
    ):
        java.find_java(install=False)


def test_without_maven_and_docker_the_error_names_the_three_ways(bare: Path) -> None:
    program(bare / "java", "#!/bin/sh\necho 'version \"21.0.1\"'\n")
    with pytest.raises(BrokerError) as caught:
        choose_broker()
    said = str(caught.value)
    assert "TOUCHLINE_KAFKA__BOOTSTRAP" in said
    assert "Maven" in said
    assert "Docker" in said
    assert "\n" not in said


def test_docker_serves_where_maven_is_missing_and_its_engine_answers(bare: Path) -> None:
    program(bare / "java", "#!/bin/sh\necho 'version \"21.0.1\"'\n")
    program(bare / "docker", "#!/bin/sh\necho 28.2.2\n")
    assert isinstance(choose_broker(), docker.DockerBroker)


def test_a_docker_client_without_an_engine_does_not_serve(bare: Path) -> None:
    program(bare / "docker", "#!/bin/sh\necho no daemon >&2\nexit 1\n")
    assert not docker.docker_answers()


def test_a_container_that_does_not_run_is_an_error_and_leaves_nothing(bare: Path) -> None:
    program(bare / "docker", "#!/bin/sh\necho no such image >&2\nexit 125\n")
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(BrokerError, match=r"docker could not run apache/kafka:4\.1\.2"):
        docker.DockerBroker().start()
    assert {child.pid for child in psutil.Process().children()} == before


def test_the_container_publishes_loopback_only_and_is_pinned(tmp_path: Path) -> None:
    line = docker.run_line("name", 12345, {"log.dirs": "/d", "process.roles": "broker"}, tmp_path)
    assert line[line.index("--publish") + 1] == "127.0.0.1:12345:9092"
    assert "KAFKA_LOG_DIRS=/d" in line
    assert "KAFKA_PROCESS_ROLES=broker" in line
    assert line[-1] == "apache/kafka:4.1.2"


def test_a_failed_maven_says_its_error_and_leaves_no_half_cache(bare: Path, tmp_path: Path) -> None:
    program(bare / "mvn", "#!/bin/sh\necho '[ERROR] no such artifact'\nexit 1\n")
    here = java.Java(fake_java(tmp_path / "j", "17"), 17)
    with pytest.raises(BrokerError, match="no such artifact"):
        jars.kafka_jars(here)
    left = [path.name for path in jars.cache_dir().iterdir() if path.is_dir()]
    assert left == []


def test_two_that_fetch_at_once_run_maven_once(bare: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    program(bare / "mvn", MAVEN.format(runs=runs))
    code = (
        "from pathlib import Path; from streams.cluster import jars, java;"
        f"print(jars.kafka_jars(java.Java(Path({str(tmp_path)!r}) / 'bin/java', 17)))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[0].strip() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0] == said[1]
    assert (Path(said[0]) / "kafka_2.13-4.jar").is_file()
    assert runs.read_text().splitlines() == ["run"]


def test_a_changed_list_of_jars_gets_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_CACHE_DIR", str(tmp_path))
    first = jars.jars_dir()
    pom = tmp_path / "pom.xml"
    original = Path(jars.__file__).with_name("pom.xml").read_text()
    pom.write_text(original.replace("4.1.2", "4.1.3"))
    monkeypatch.setattr(jars, "_POM", pom)
    assert jars.kafka_version() == "4.1.3"
    assert jars.jars_dir() != first
    assert jars.jars_dir().parent == first.parent == tmp_path
    assert os.fspath(jars.jars_dir()).startswith(str(tmp_path / "kafka-4.1.3-"))
