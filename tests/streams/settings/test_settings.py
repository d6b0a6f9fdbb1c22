"""Where settings come from, what goes before what, and what is refused and how."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.settings import SettingError, Settings, addresses, load_settings
from streams.settings.names import known_names, nearest_name, unknown_names, variables

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "touchline_kafka__sasl_password"
MSK = "aws-msk-iam-sasl-signer"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours is set."""
    for name in list(os.environ):
        if name.upper().startswith("TOUCHLINE"):
            monkeypatch.delenv(name)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of secret files."""
    monkeypatch.setenv("TOUCHLINE_SECRETS_DIR", str(tmp_path))
    return tmp_path


def password() -> str | None:
    """The password as it is read."""
    found = load_settings().kafka.sasl_password
    return None if found is None else found.get_secret_value()


def refused() -> str:
    """What is told."""
    with pytest.raises(SettingError) as told:
        load_settings()
    return str(told.value)


# -- secret files -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [PASSWORD, PASSWORD.upper(), "TOUCHLINE_kafka__sasl_password"])
@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("s3cret", "s3cret"),
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        (" s3 cret \n", " s3 cret "),
        ("s3cret\n\n", "s3cret\n"),
        ("pässwörd\n", "pässwörd"),
    ],
)
def test_a_nested_secret_is_a_file(secrets: Path, name: str, content: str, value: str) -> None:
    (secrets / name).write_bytes(content.encode())
    assert password() == value


def test_every_setting_may_be_a_file(secrets: Path) -> None:
    """Also numbers, choices and paths, nested or not."""
    given = {
        "touchline_app_id": "bank",
        "touchline_partitions": "24",
        "touchline_policy": "/etc/policy.yaml",
        "touchline_http__port": "9000",
        "touchline_kafka__replication": "3",
        "touchline_kafka__ssl_keyfile": "/run/key.pem",
        "touchline_kafka__ssl_certfile": "/run/certificate.pem",
    }
    for name, value in given.items():
        (secrets / name).write_text(f"{value}\n")
    settings = load_settings()
    assert (settings.app_id, settings.partitions, settings.http.port) == ("bank", 24, 9000)
    assert (settings.policy, settings.kafka.replication) == (Path("/etc/policy.yaml"), 3)
    assert settings.kafka.ssl_keyfile == Path("/run/key.pem")


def test_a_variable_goes_before_a_file_unless_it_is_empty(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / PASSWORD).write_text("of the file")
    (secrets / "touchline_kafka__sasl_username").write_text("of the file")
    monkeypatch.setenv("TOUCHLINE_KAFKA__SASL_USERNAME", "of the variable")
    monkeypatch.setenv("TOUCHLINE_KAFKA__SASL_PASSWORD", "")
    assert load_settings().kafka.sasl_username == "of the variable"
    assert password() == "of the file"


def test_files_as_kubernetes_mounts_them(secrets: Path) -> None:
    """Links to links into a hidden directory, which an update exchanges."""
    for version, value in (("..2026_01", "old"), ("..2026_02", "new")):
        (secrets / version).mkdir()
        (secrets / version / PASSWORD).write_text(value)
    (secrets / "..data").symlink_to("..2026_01")
    (secrets / PASSWORD).symlink_to(Path("..data") / PASSWORD)
    assert password() == "old"
    (secrets / "..data").unlink()
    (secrets / "..data").symlink_to("..2026_02")
    assert password() == "new"


def test_a_file_may_be_a_link_to_elsewhere(
    secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = tmp_path_factory.mktemp("vault") / "kept"
    kept.write_text("s3cret")
    (secrets / PASSWORD).symlink_to(kept)
    assert password() == "s3cret"


def test_what_belongs_to_others_is_left_alone(secrets: Path) -> None:
    """As in Docker's /run/secrets, where the secrets of all lie side by side."""
    (secrets / "database_password").write_text("of another")
    (secrets / "keystore.p12").write_bytes(bytes(range(256)))
    (secrets / "directory").mkdir()
    (secrets / "large").write_bytes(b"x" * (17 << 20))
    (secrets / PASSWORD).write_text("ours")
    assert password() == "ours"


def test_no_directory_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path in (tmp_path / "nothing", tmp_path / "file"):
        (tmp_path / "file").write_text("x")
        monkeypatch.setenv("TOUCHLINE_SECRETS_DIR", str(path))
        assert refused() == f"setting TOUCHLINE_SECRETS_DIR: there is no directory {path}"


def test_a_file_that_cannot_be_read_is_named(secrets: Path) -> None:
    file = secrets / PASSWORD
    file.mkdir()  # what Docker makes of a secret whose source is missing
    assert refused() == f"secret file {file} cannot be read: Is a directory"
    file.rmdir()
    file.symlink_to(secrets / "nothing")
    assert refused() == f"secret file {file} cannot be read: No such file or directory"
    file.unlink()
    file.write_bytes(b"\xff\xfe\x00")
    assert refused() == f"secret file {file}: must be text in UTF-8"
    file.write_bytes(b"x" * 65_537)
    assert refused() == f"secret file {file}: longer than 65,536 bytes"


# -- unknown names ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TOUCHLINE_KAFKA__SASL_PASWORD", "TOUCHLINE_KAFKA__SASL_PASSWORD"),
        ("TOUCHLINE_KAFKA_BOOTSTRAP", "TOUCHLINE_KAFKA__BOOTSTRAP"),
        ("TOUCHLINE_BOOTSTRAP", "TOUCHLINE_KAFKA__BOOTSTRAP"),
        ("TOUCHLINE_KAFKA__BOOTSTRAP_SERVERS", "TOUCHLINE_KAFKA__BOOTSTRAP"),
        ("TOUCHLINE_CLOK", "TOUCHLINE_CLOCK"),
        ("TOUCHLINE_HTTP_PORT", "TOUCHLINE_HTTP__PORT"),
        ("TOUCHLINE_SECRET_DIR", "TOUCHLINE_SECRETS_DIR"),
        ("touchline_partition", "TOUCHLINE_PARTITIONS"),
        ("TOUCHLINE_POLICY__FILE", "TOUCHLINE_POLICY"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_known_one(
    name: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "s3cret")
    told = refused()
    assert told.startswith(f"setting {name} is not known, the nearest is {nearest}: ")
    assert "s3cret" not in told
    assert "\n" not in told


def test_all_that_is_unknown_is_named_at_once(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_CLOK", "event")
    monkeypatch.setenv("TOUCHLINE_POLICIES", "x")
    (secrets / "touchline_kafka__sasl_pasword").write_text("x")
    lines = refused().splitlines()
    assert [line.split(" is not known")[0] for line in lines] == [
        "setting TOUCHLINE_CLOK",
        "setting TOUCHLINE_POLICIES",
        f"secret file {secrets / 'touchline_kafka__sasl_pasword'}",
    ]
    assert "the nearest is TOUCHLINE_KAFKA__SASL_PASSWORD" in lines[2]


def test_an_unknown_part_of_a_section_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_KAFKA", '{"sasl_pasword": "s3cret"}')
    assert refused().startswith(
        "setting TOUCHLINE_KAFKA__SASL_PASWORD is not known, the nearest is "
        "TOUCHLINE_KAFKA__SASL_PASSWORD: "
    )


def test_what_kubernetes_sets_beside_a_service_of_that_name_is_let_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {
        "TOUCHLINE_SERVICE_HOST": "10.0.0.1",
        "TOUCHLINE_SERVICE_PORT": "9464",
        "TOUCHLINE_SERVICE_PORT_METRICS": "9464",
        "TOUCHLINE_PORT": "tcp://10.0.0.1:9464",
        "TOUCHLINE_PORT_9464_TCP": "tcp://10.0.0.1:9464",
        "TOUCHLINE_PORT_9464_TCP_PROTO": "tcp",
        "TOUCHLINE_PORT_9464_TCP_PORT": "9464",
        "TOUCHLINE_PORT_9464_TCP_ADDR": "10.0.0.1",
        "TOUCHLINE_WORKER_SERVICE_HOST": "10.0.0.2",
        "TOUCHLINE_WORKER_PORT": "udp://10.0.0.2:53",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == Settings()
    monkeypatch.setenv("TOUCHLINE_PORT", "9464")
    assert refused().startswith("setting TOUCHLINE_PORT is not known, the nearest is TOUCHLINE_")


def test_no_known_name_is_unknown_whatever_its_case() -> None:
    names = known_names(Settings)
    assert unknown_names(Settings, dict.fromkeys(names, "")) == []
    assert unknown_names(Settings, {name.lower(): "" for name in names}) == []
    for each in variables(Settings):
        assert nearest_name(Settings, each.name) == each.name


def test_every_variable_that_we_speak_of_is_known() -> None:
    spoken: set[str] = set()
    files = [
        ROOT / "README.md",
        ROOT / "Makefile",
        ROOT / "Dockerfile",
        ROOT / "docker-compose.yml",
    ]
    for folder in ("docs", "streams", "domain", "agents", "schemas", "ops", "bench", "examples"):
        files += [
            file
            for file in (ROOT / folder).rglob("*")
            if file.suffix in (".py", ".md", ".yml", ".yaml")
        ]
    for file in files:
        spoken |= set(re.findall(r"TOUCHLINE_[A-Z0-9_]*[A-Z0-9]\b", file.read_text()))
    assert len(spoken) > 20
    # with a value that leaves out what Kubernetes sets
    assert unknown_names(Settings, dict.fromkeys(spoken, "tcp://10.0.0.1:9464")) == []


# -- values -----------------------------------------------------------------------------


def test_every_setting_says_what_it_means() -> None:
    every = list(variables(Settings))
    assert len(every) > 30
    for each in every:
        assert each.field.description, each.name
        assert len(each.field.description) >= 12, each.name


def test_a_setting_that_does_not_fit_is_named_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOUCHLINE_PARTITIONS", "many")
    monkeypatch.setenv("TOUCHLINE_HTTP__PORT", "80000")
    assert refused().splitlines() == [
        "setting TOUCHLINE_PARTITIONS: Input should be a valid integer, unable to parse string as "
        "an integer (got 'many')",
        "setting TOUCHLINE_HTTP__PORT: Input should be less than or equal to 65535 (got '80000')",
    ]


LOGIN = {"security_protocol": "SASL_SSL", "sasl_username": "touchline", "sasl_password": "s3cret"}
OAUTH = {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"security_protocol": "SASL_SSL", "sasl_password": "s3cret"},
            "SASL_SSL with PLAIN needs TOUCHLINE_KAFKA__SASL_USERNAME and "
            "TOUCHLINE_KAFKA__SASL_PASSWORD",
        ),
        (
            {**LOGIN, "min_insync_replicas": "3"},
            "TOUCHLINE_KAFKA__MIN_INSYNC_REPLICAS must not exceed TOUCHLINE_KAFKA__REPLICATION",
        ),
        (
            OAUTH,
            "OAUTHBEARER needs either TOUCHLINE_KAFKA__SASL_TOKEN_FILE or "
            "TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND",
        ),
        (
            {**OAUTH, "sasl_token_file": "/t", "sasl_token_command": "t"},
            "OAUTHBEARER needs either TOUCHLINE_KAFKA__SASL_TOKEN_FILE or "
            "TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND",
        ),
        (
            {"ssl_keyfile": "/key"},
            "TOUCHLINE_KAFKA__SSL_KEYFILE is of no use without TOUCHLINE_KAFKA__SSL_CERTFILE",
        ),
        (
            {**LOGIN, "sasl_mechanism": "AWS_MSK_IAM"},
            "setting TOUCHLINE_KAFKA__SASL_MECHANISM: AWS_MSK_IAM is not spoken: set OAUTHBEARER, "
            "and TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND to a command that prints a token of "
            f"{MSK}; or SCRAM-SHA-512 (got 'AWS_MSK_IAM')",
        ),
        (
            {**LOGIN, "sasl_mechanism": "gssapi"},
            "setting TOUCHLINE_KAFKA__SASL_MECHANISM: GSSAPI (Kerberos) is not spoken: use "
            "SCRAM-SHA-512, OAUTHBEARER or certificates (got 'gssapi')",
        ),
        (
            {**LOGIN, "ssl_certfile": "-----BEGIN CERTIFICATE-----\nMIIB\n"},
            "setting TOUCHLINE_KAFKA__SSL_CERTFILE: must be the path of a file, not what is in it",
        ),
        (
            {**OAUTH, "sasl_token_file": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
            "setting TOUCHLINE_KAFKA__SASL_TOKEN_FILE: must be the path of a file, not what is in "
            "it",
        ),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(
    given: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"TOUCHLINE_KAFKA__{name.upper()}", value)
    assert refused() == told


@pytest.mark.parametrize(
    ("bootstrap", "told"),
    [
        ("http://kafka:9092", "an address is host:port, without http://"),
        ("kafka:9092,SASL_SSL://b:9092", "an address is host:port, without SASL_SSL://"),
        ("kafka", "an address is host:port; number 1 has no port, as in kafka:9092"),
        ("a:1, b", "an address is host:port; number 2 has no port, as in kafka:9092"),
        ("kafka:80000", "the port of address 1 must be a number from 1 to 65535"),
        ("kafka:0", "the port of address 1 must be a number from 1 to 65535"),
        ("kafka:９０９２", "the port of address 1 must be a number from 1 to 65535"),
        ("kafka:9092/x", "the port of address 1 must be a number from 1 to 65535"),
        ("::1:9092", "an address is host:port; an IPv6 host stands in brackets: [::1]:9092"),
        (":9092", "an address is host:port; an IPv6 host stands in brackets: [::1]:9092"),
        (
            "user:s3cret@kafka:9092",
            "an address is host:port, without a user name or password before an @; they go into "
            "TOUCHLINE_KAFKA__SASL_USERNAME and TOUCHLINE_KAFKA__SASL_PASSWORD",
        ),
    ],
)
def test_an_address_that_is_none_is_told_without_what_was_given(
    bootstrap: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_KAFKA__BOOTSTRAP", bootstrap)
    assert refused() == f"setting TOUCHLINE_KAFKA__BOOTSTRAP: {told}"


def test_addresses() -> None:
    assert addresses("kafka:9092") == ["kafka:9092"]
    assert addresses(" a.example:1 ,[::1]:65535,, 10.0.0.1:9092,") == [
        "a.example:1",
        "[::1]:65535",
        "10.0.0.1:9092",
    ]


@given(st.text(max_size=40))
def test_no_refusal_of_an_address_holds_what_was_given(text: str) -> None:
    """Where it is none, no word of it is told but the scheme."""
    secret = f"{text}-s3cret"
    for wrong in (secret, f"u:{secret}@kafka:1", f"http://u:{secret}@kafka:1", f"u:{secret}"):
        try:
            addresses(wrong)
        except ValueError as error:
            assert "s3cret" not in str(error)
