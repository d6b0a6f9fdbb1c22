"""Whoever is kept to the customers of one owner stays so, whatever that owner is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import CustomerFilter, Page
from streams.serve.access.keeping import AccessError, Keeping
from streams.serve.access.oidc import Oidc
from streams.serve.access.strangers import NotLetIn
from streams.serve.access.who import SCOPES_OF, Who
from streams.settings import KafkaSettings, ServeSettings, Settings
from tests.streams.serve.pages.house import House, state

NAMELESS = Who("li", SCOPES_OF["desk"], is_person=True, owner_id="")


async def test_an_owner_without_a_name_is_not_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, NAMELESS)
    house.put(state(1, owner_id="rm-12"), state(2))
    asked: list[str | None] = []

    def customers(_: ReadModel, which: CustomerFilter, cursor: str | None, limit: int) -> Page:
        asked.append(which.owner_id)
        return Page([], None)

    monkeypatch.setattr(ReadModel, "customers", customers)
    for path in ("/v1/alerts", "/v1/alerts?owner=", "/v1/alerts?owner=rm-12"):
        assert (await house.client.get(path)).json()["items"] == [], path
    counts = (await house.client.get("/v1/alerts/counts")).json()["counts"]
    assert counts["open"] == 0
    assert "c-1" not in (await house.client.get("/desk")).text
    for path in ("/v1/customers", "/v1/customers?owner=", "/customers", "/customers?owner=rm-12"):
        assert (await house.client.get(path)).status_code == 200, path
    assert asked == [""] * 4


@pytest.mark.parametrize("owner", ["", " "])
async def test_no_key_or_account_is_kept_to_an_owner_without_a_name(owner: str) -> None:
    kept = Keeping(Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:9")))
    with pytest.raises(AccessError, match="an owner has a name"):
        await kept.make_key("crm", ("read",), owner_id=owner)
    with pytest.raises(AccessError, match="an owner has a name"):
        await kept.add_person("li", "desk", None, owner_id=owner)


@pytest.mark.parametrize("told", ["", " ", 0.5, False, [], {}, ["o-3"]])
def test_an_issuer_that_names_no_owner_lets_nobody_in(told: Any) -> None:
    with pytest.raises(NotLetIn, match="owner"):
        stranger({"owner_id": told})


def test_an_issuer_keeps_people_to_an_owner_or_to_none() -> None:
    assert stranger({"owner_id": "o-3"}).owner_id == "o-3"
    assert stranger({"owner_id": 0}).owner_id == "0"
    assert stranger({}).owner_id is None


def stranger(claims: dict[str, Any]) -> Any:
    """Who it is that an issuer tells of so."""
    settings = Settings(
        serve=ServeSettings(oidc_issuer="https://issuer.example", oidc_client_id="desk")
    )
    named = {settings.serve.oidc_name_claim: "li", settings.serve.oidc_roles_claim: ["desk"]}
    return Oidc(settings, "signs-the-sessions-of-these-tests-only")._stranger([{**named, **claims}])
