"""While the read model is built: pages and the API say so, and never that nothing is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.fields import moment, rfc3339
from streams.serve.access.who import SCOPES_OF, Who
from tests.streams.serve.pages.house import PARTITIONS, House, now, state

ADMIN = Who("till", SCOPES_OF["admin"], is_person=True)
ANSWERS = (
    "/v1/customers", "/v1/customers/c-1", "/v1/customers/c-1/timeline", "/v1/alerts",
    "/v1/alerts/counts", "/v1/alerts/a1", "/v1/complaints", "/v1/segments",
    "/v1/segments/s1/customers", "/v1/segments/unassigned/customers",
)  # fmt: skip


async def test_the_api_says_that_it_is_not_readable_yet(tmp_path: Path) -> None:
    here = House(tmp_path, ADMIN, built=False)
    async with here.client as client:
        for some in (range(0), range(PARTITIONS - 1)):
            here.show(*some)
            # which of them its customer is in is one of the partitions: all but the last are there
            for path in ANSWERS if not some else ("/v1/customers", "/v1/alerts", "/v1/complaints"):
                answer = await client.get(path)
                assert answer.status_code == 503, path
                assert answer.json()["kind"] == "not_readable"
                assert int(answer.headers["retry-after"]) > 0
                assert "content-disposition" not in answer.headers
            acted = await client.post(
                "/v1/alerts/actions", json={"ids": ["a1"], "action": "acknowledge"}
            )
            assert (acted.status_code, acted.json()["kind"]) == (503, "not_readable")
        here.show(PARTITIONS - 1)
        assert (await client.get("/v1/customers")).status_code == 200
        assert (await client.get("/v1/customers/c-1")).status_code == 404


async def test_a_timeline_is_complete_once_events_were_read_to_their_end(tmp_path: Path) -> None:
    """Ten seconds are let pass, which reading may take among much else."""
    here = House(tmp_path, ADMIN)
    here.come({"customer_id": "c-1", "type": "survey", "occurred_at": rfc3339(moment(now()))})
    async with here.client as client:
        for seconds, complete in ((8, True), (12, False)):
            with here.file.transaction():
                here.file.stamp_inputs(dict.fromkeys(range(PARTITIONS), now() - 1000 * seconds))
            here.current()
            answer = await client.get("/v1/customers/c-1/timeline", params={"limit": 1})
            assert answer.status_code == 200
            assert answer.json()["complete"] is complete


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_desk_starts_and_other_pages_are_not_there_yet(
    tmp_path: Path, language: str
) -> None:
    here = House(tmp_path, built=False)
    wanted = {"Accept-Language": language}
    async with here.client as client:
        desk = await client.get("/desk", headers=wanted)
        assert desk.status_code == 200
        assert 'id="empty" class="empty" data-state="starting"' in desk.text
        assert ("No alert has been raised yet" in desk.text) is False
        for path in ("/desk/rows?ids=a1", "/customers", "/customers/c-1"):
            page = await client.get(path, headers=wanted)
            assert page.status_code == 503, path
            assert page.headers["content-type"].startswith("text/html")
            assert int(page.headers["retry-after"]) > 0
        here.show(*range(PARTITIONS))
        here.put(state(1))
        assert (await client.get("/desk/rows?ids=x", headers=wanted)).status_code == 200
        assert "Reached the tier, number 1." in (await client.get("/desk", headers=wanted)).text
