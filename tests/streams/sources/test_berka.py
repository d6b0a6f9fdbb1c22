"""The importer against the files themselves, read again with a few lines of csv."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.policy import Policy
from schemas.codec import Bad, decode
from streams.sources import SourceError, berka

pytestmark = pytest.mark.long

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "berka"


@pytest.fixture(scope="module")
def imported(folder: Path) -> Events:
    return list(berka.events(folder))


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def of_type(events: Events, kind: str) -> Events:
    return [event for event in events if event["type"] == kind]


def test_every_client_then_every_transaction_comes_once_in_file_order(
    folder: Path, imported: Events
) -> None:
    clients = [f"berka-profile-{row['client_id']}" for row in rows(folder, "client.asc")]
    payments = [f"berka-{row['trans_id']}" for row in rows(folder, "trans.asc")]
    assert len(payments) == 49_102
    assert [event["event_id"] for event in imported] == clients + payments
    assert len(set(clients + payments)) == len(clients) + len(payments)


def test_every_event_is_valid_for_the_worker(imported: Events) -> None:
    refused = [found for event in imported if isinstance(found := decode(orjson.dumps(event)), Bad)]
    assert refused == []


def test_a_payment_belongs_to_the_owner_of_its_account(folder: Path, imported: Events) -> None:
    owner = {
        row["account_id"]: row["client_id"]
        for row in rows(folder, "disp.asc")
        if row["type"] == "OWNER"
    }
    expected = Counter(f"berka-{owner[row['account_id']]}" for row in rows(folder, "trans.asc"))
    assert Counter(event["customer_id"] for event in of_type(imported, "transaction")) == expected
    assert len(expected) == 1_229


def test_last_balances_and_sums_are_those_of_the_file(folder: Path, imported: Events) -> None:
    balances: dict[str, str] = {}
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "trans.asc"):
        balances[row["account_id"]] = row["balance"]
        sums["credit" if row["type"] == "PRIJEM" else "debit"] += Decimal(row["amount"])
    payments = of_type(imported, "transaction")
    latest = {
        event["account_id"]: event["balance_after"]
        for event in sorted(payments, key=lambda event: event["occurred_at"])
    }
    assert latest == {account: float(balance) for account, balance in balances.items()}
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for event in payments:
        found[event["direction"]] += Decimal(str(event["amount"]))
    assert found == sums
    assert {event["currency"] for event in payments} == {"CZK"}


def test_rows_of_a_day_lie_a_millisecond_apart(folder: Path, imported: Events) -> None:
    earlier: Counter[str] = Counter()
    expected = []
    for row in rows(folder, "trans.asc"):
        day = datetime.strptime(row["date"] + "+0000", "%y%m%d%z")
        expected.append(round(day.timestamp() * 1000) + earlier[row["date"]])
        earlier[row["date"]] += 1
    payments = of_type(imported, "transaction")
    times = [datetime.fromisoformat(event["occurred_at"]).timestamp() for event in payments]
    assert [round(time * 1000) for time in times] == expected
    assert len({(event["account_id"], event["occurred_at"]) for event in payments}) == 49_102


def test_no_payment_is_older_than_a_profile(imported: Events) -> None:
    newest = max(event["occurred_at"] for event in of_type(imported, "profile"))
    oldest = min(event["occurred_at"] for event in of_type(imported, "transaction"))
    assert newest < oldest


def test_birth_sex_and_region_are_read_from_number_and_district(imported: Events) -> None:
    profiles = {event["customer_id"]: event for event in of_type(imported, "profile")}
    # "1";"706213";18 and "2";"450204";1 in client.asc
    woman, man = profiles["berka-1"], profiles["berka-2"]
    assert (woman["birth_date"], woman["sex"]) == ("1970-12-13", "female")
    assert (man["birth_date"], man["sex"]) == ("1945-02-04", "male")
    assert (woman["region"], man["region"]) == ("south Bohemia", "Prague")


def test_directions_channels_and_categories_follow_the_columns(
    folder: Path, imported: Events
) -> None:
    found = {
        (row["type"], row["operation"], row["k_symbol"].strip()): (
            event["direction"], event["channel"], event["category"],
        )
        for row, event in zip(
            rows(folder, "trans.asc"), of_type(imported, "transaction"), strict=True
        )
    }  # fmt: skip
    assert found["PRIJEM", "VKLAD", ""] == ("credit", "branch", "cash_deposit")
    assert found["VYBER", "VYBER", ""] == ("debit", "branch", "cash_withdrawal")
    assert found["VYDAJ", "VYBER KARTOU", ""] == ("debit", "atm", "card_withdrawal")
    assert found["VYDAJ", "PREVOD NA UCET", ""] == ("debit", "other", "transfer_out")
    assert found["VYDAJ", "PREVOD NA UCET", "SIPO"] == ("debit", "other", "household")
    assert found["PRIJEM", "PREVOD Z UCTU", "DUCHOD"] == ("credit", "other", "pension")
    assert found["PRIJEM", "", "UROK"] == ("credit", "other", "interest")


def test_the_tally_counts_what_an_operator_should_know(folder: Path) -> None:
    tally = berka.Tally()
    for _ in berka.events(folder, tally=tally):
        pass
    negative = sum(float(row["balance"]) < 0 for row in rows(folder, "trans.asc"))
    assert tally == berka.Tally(5_369, 49_102, negative, 0)
    assert negative == 93


def test_the_default_rate_is_the_default_policys() -> None:
    assert Policy().rates["CZK"] == berka.POLICY_RATE


@pytest.mark.parametrize("rate", [1.0, 7.25])
def test_another_rate_comes_out_in_base_currency(
    folder: Path, imported: Events, rate: float
) -> None:
    at_rate = of_type(list(berka.events(folder, rate)), "transaction")
    for plain, scaled in zip(of_type(imported, "transaction"), at_rate, strict=True):
        for name in ("amount", "balance_after"):
            assert isclose(scaled[name] * berka.POLICY_RATE, plain[name] * rate, rel_tol=1e-15)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_no_rate_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(SourceError, match="--rate must be a number above 0"):
        next(berka.events(tmp_path, rate))


def small_bank(folder: Path, payment: str) -> Path:
    (folder / "district.asc").write_text('A1;A2;A3\n1;"Praha";"Prague"\n')
    (folder / "client.asc").write_text('"client_id";"birth_number";"district_id"\n7;"450204";1\n')
    (folder / "disp.asc").write_text(
        '"disp_id";"client_id";"account_id";"type"\n1;7;70;"OWNER"\n2;8;70;"DISPONENT"\n'
    )
    (folder / "trans.asc").write_text(
        '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol"\n'
        f"{payment}\n"
    )
    return folder


def test_a_row_without_an_amount_is_kept_and_counted(tmp_path: Path) -> None:
    folder = small_bank(tmp_path, '1;70;930101;"PRIJEM";"VKLAD";0.00;-5.50;""')
    tally = berka.Tally()
    payment = list(berka.events(folder, tally=tally))[1]
    assert (payment["amount"], payment["balance_after"]) == (0.0, -5.5)
    assert tally == berka.Tally(1, 1, 1, 1)


@pytest.mark.parametrize(
    ("payment", "message"),
    [
        ('1;71;930101;"PRIJEM";"";1.00;1.00;""', "trans.asc line 2: account 71 has no OWNER"),
        ('1;70;931301;"PRIJEM";"";1.00;1.00;""', "'931301' is not a date YYMMDD"),
        ('1;70;930101;"PRIJEM";"";one;1.00;""', "'one' is not an amount"),
        ('1;70;930101;"ODD";"";1.00;1.00;""', "type 'ODD' is not one of PRIJEM, VYDAJ, VYBER"),
        ('1;70;930101;"PRIJEM";"";1.00;1.00;"ODD"', "k_symbol 'ODD' is not one of"),
        ("1;70;930101", "too few columns"),
    ],
)
def test_a_row_that_does_not_read_stops_with_its_place(
    tmp_path: Path, payment: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        list(berka.events(small_bank(tmp_path, payment)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"trans\.asc is missing: give the folder"):
        list(berka.events(tmp_path))
