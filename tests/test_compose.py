"""The composed services agree with the settings, with each other and with the locks.

No engine runs here: the files are read as Docker and Prometheus would read them.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.cli import app
from streams.serve.access.exposure import check_exposure, is_secure
from streams.settings import Settings
from streams.settings.names import known_names

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OPS = ROOT / "ops"
PROMETHEUS: dict[str, Any] = yaml.safe_load((OPS / "prometheus/prometheus.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
WORKERS = ("worker-1", "worker-2")
OURS = (*WORKERS, "topics", "serve")


def used_variables() -> set[str]:
    text = (ROOT / "docker-compose.yml").read_text() + DOCKERFILE
    return set(re.findall(r"TOUCHLINE_[A-Z0-9_]*[A-Z0-9]", text))


def pins(lock: str) -> dict[tuple[str, str], str]:
    """Version by (name, marker)."""
    found = re.findall(r"^([a-z0-9._-]+)==(\S+)(.*)$", (ROOT / lock).read_text(), re.MULTILINE)
    return {(name, rest.strip(" ;\\")): version for name, version, rest in found}


def test_every_image_is_pinned() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) >= 7
    for image in images:
        name, _, tag = image.partition(":")
        assert name
        assert re.match(r"v?\d+\.\d+\.\d+", tag), f"{image} is not pinned to a whole version"


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    pom = (ROOT / "streams/cluster/pom.xml").read_text()
    found = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>([\d.]+)<", pom)
    assert found is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{found[1]}"


def test_the_image_has_the_version_of_the_project() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'^version = "([^"]+)"', project, re.MULTILINE)
    assert version is not None
    for name in OURS:
        assert SERVICES[name]["image"] == f"touchline:{version[1]}"


def test_every_variable_is_a_setting() -> None:
    assert used_variables() <= known_names(Settings)
    assert used_variables(), "the check sees some"


@pytest.mark.parametrize("name", OURS)
def test_the_settings_take_what_the_services_give_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = SERVICES[name]["environment"]
    assert all(isinstance(value, str) for value in given.values()), "YAML must not turn text around"
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    settings = Settings()
    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.http.host == "0.0.0.0" or name == "serve"
    assert settings.partitions == 12
    assert settings.app_id == "touchline", "all are of one application"


def test_serve_listens_where_all_look_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    service = SERVICES["serve"]
    for key, value in service["environment"].items():
        monkeypatch.setenv(key, value)
    settings = Settings()
    check_exposure(settings)
    assert not is_secure(settings), "browsers come to it by http, on this machine"
    port = settings.serve.port
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert settings.serve.public_url == f"http://127.0.0.1:{port}"
    assert f"http://127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]
    [job] = [job for job in PROMETHEUS["scrape_configs"] if job["job_name"] == "touchline-serve"]
    assert job["static_configs"] == [{"targets": [f"serve:{port}"]}]
    assert job["metrics_path"] == "/metrics"


def test_what_serve_keeps_lies_in_a_volume_that_is_its_own() -> None:
    directory = SERVICES["serve"]["environment"]["TOUCHLINE_SERVE__DIRECTORY"]
    assert SERVICES["serve"]["volumes"] == [f"serve-data:{directory}"]
    assert f"--owner touchline --group touchline --mode 0700 {directory}" in DOCKERFILE
    assert f"TOUCHLINE_SERVE__DIRECTORY={directory}" in DOCKERFILE


def test_kafka_listens_where_workers_host_and_health_check_look() -> None:
    kafka = SERVICES["kafka"]
    listeners = dict(
        part.split("://") for part in kafka["environment"]["KAFKA_LISTENERS"].split(",")
    )
    told = dict(
        part.split("://") for part in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    )
    for name in OURS:
        assert told["PLAINTEXT"] == SERVICES[name]["environment"]["TOUCHLINE_KAFKA__BOOTSTRAP"]
    for name, address in told.items():
        assert address.endswith(listeners[name]), "told and listened ports are the same"
    assert f"{told['HOST']}:29092" in kafka["ports"]
    assert f"127.0.0.1{listeners['PLAINTEXT']}" in kafka["healthcheck"]["test"]
    quorum = kafka["environment"]["KAFKA_CONTROLLER_QUORUM_VOTERS"]
    assert quorum == f"{kafka['environment']['KAFKA_NODE_ID']}@kafka{listeners['CONTROLLER']}"


def test_one_node_can_hold_transactions_and_makes_no_topic_by_itself() -> None:
    given = SERVICES["kafka"]["environment"]
    assert given["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    for key in (
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
    ):
        assert given[key] == "1"


def test_published_ports_are_loopback_only_and_differ() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    outside = [port.split(":")[1] for port in published]
    assert len(set(outside)) == len(outside)


def test_workers_serve_their_pages_where_all_look_for_them() -> None:
    port = str(Settings.model_fields["http"].default.port)
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f"http://127.0.0.1:{port}/livez" in DOCKERFILE
    for name in WORKERS:
        assert SERVICES[name]["environment"]["TOUCHLINE_HTTP__PORT"] == port
        assert all(published.endswith(f":{port}") for published in SERVICES[name]["ports"])
    (job,) = (job for job in PROMETHEUS["scrape_configs"] if job["job_name"] == "touchline")
    (targets,) = job["static_configs"]
    assert targets["targets"] == [f"{name}:{port}" for name in WORKERS]
    assert job["metrics_path"] == "/metrics"


def test_each_service_waits_for_what_it_needs() -> None:
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    for name in (*WORKERS, "serve"):
        needs = SERVICES[name]["depends_on"]
        assert needs == {"topics": {"condition": "service_completed_successfully"}}
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES
            if how["condition"] == "service_healthy":
                own = SERVICES[needed].get("healthcheck")
                built = "build" in SERVICES[needed] and "HEALTHCHECK" in DOCKERFILE
                assert own or built, f"{needed} has no health check"


def test_every_volume_is_there() -> None:
    named = set(COMPOSE["volumes"])
    used = set()
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{source} is not in the repository"
            else:
                used.add(source)
    assert used == named


def mounted(service: str, inside: str) -> Path:
    """The file or directory of ours that a service sees under this path."""
    volumes: list[str] = SERVICES[service]["volumes"]
    [found] = [
        ROOT / source / Path(inside).relative_to(target)
        for source, target, *_ in (volume.split(":") for volume in volumes)
        if source.startswith(".") and Path(inside).is_relative_to(target)
    ]
    return found


def test_what_is_mounted_cannot_be_changed_from_inside() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert volume.endswith(":ro") == volume.startswith("."), volume


def test_prometheus_sees_every_rule_of_ours() -> None:
    [flag] = [
        part for part in SERVICES["prometheus"]["command"] if part.startswith("--config.file=")
    ]
    config = Path(flag.partition("=")[2])
    assert mounted("prometheus", str(config)) == OPS / "prometheus/prometheus.yml"
    seen = {
        path
        for pattern in PROMETHEUS["rule_files"]
        for path in mounted("prometheus", str((config.parent / pattern).parent)).glob(
            Path(pattern).name
        )
    }
    assert seen == set((OPS / "prometheus/rules").iterdir())
    assert seen


def test_prometheus_sends_alerts_to_the_alertmanager() -> None:
    [group] = PROMETHEUS["alerting"]["alertmanagers"]
    [targets] = group["static_configs"]
    [target] = targets["targets"]
    name, _, port = target.partition(":")
    assert all(published.endswith(f":{port}") for published in SERVICES[name]["ports"])
    config = mounted("alertmanager", "/etc/alertmanager/alertmanager.yml")
    assert f"--config.file=/etc/alertmanager/{config.name}" in SERVICES["alertmanager"]["command"]
    assert config == OPS / "alertmanager/alertmanager.yml"


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    provisioning = "/etc/grafana/provisioning"
    sources = mounted("grafana", f"{provisioning}/datasources/touchline.yml")
    [source] = yaml.safe_load(sources.read_text())["datasources"]
    host, _, port = source["url"].removeprefix("http://").partition(":")
    assert any(published.endswith(f":{port}") for published in SERVICES[host]["ports"])
    scrape = PROMETHEUS["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrape, "graphs know how dense the samples are"

    providers = mounted("grafana", f"{provisioning}/dashboards/touchline.yml")
    [provider] = yaml.safe_load(providers.read_text())["providers"]
    assert mounted("grafana", provider["options"]["path"]) == OPS / "grafana/dashboards"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert mounted("grafana", home).is_file()


def test_grafana_can_be_read_and_has_no_account_with_a_known_password() -> None:
    given = SERVICES["grafana"]["environment"]
    assert all(isinstance(value, str) for value in given.values())
    assert given["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert given["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert not [key for key in given if "PASSWORD" in key]


def test_the_commands_are_commands_of_ours() -> None:
    known = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert SERVICES["topics"]["command"][0] in known
    assert {SERVICES[name]["command"][0] for name in (*WORKERS, "serve")} <= known


def test_the_image_runs_without_root_and_with_what_it_copies() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    users = re.findall(r"^USER (\S+)", last, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")
    ignored = (ROOT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert f"!{source}" in ignored, f"{source} is kept out of the build"
            assert (ROOT / source).exists()


def test_the_image_has_the_locked_versions_and_no_tool_of_ours() -> None:
    every, runtime = pins("requirements.lock"), pins("requirements-runtime.lock")
    assert runtime.items() <= every.items()
    names = {name for name, _ in runtime}
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & names
    assert {"aiokafka", "faust-streaming", "pydantic", "setuptools"} <= names


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
def test_the_locks_hash_everything_and_name_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "index-url" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "==" in block.splitlines()[0]
        assert "--hash=sha256:" in block
