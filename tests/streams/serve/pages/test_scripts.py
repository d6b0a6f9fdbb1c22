"""Scripts of the pages in a real browser, on pages as the server draws them; no broker runs."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Route, expect

from streams.serve.pages.assets import version
from tests.streams.serve.pages.browsing import ADDRESS, PLAYED, Town, calls, seen, tell
from tests.streams.serve.pages.house import state

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


@pytest.mark.parametrize("fault", ["503", "429", "aborted"])
def test_an_alert_is_asked_for_again_after_a_passing_fault(
    town: Town, page: Page, fault: str
) -> None:
    page.goto(f"{ADDRESS}/desk")
    one = state(1)
    town.house.put(one)
    faults = [fault, fault]

    def once(route: Route) -> None:
        if not faults:
            del town.instead["/desk/rows"]
            town(route)
        elif faults.pop() == "aborted":
            route.abort()
        else:
            route.fulfill(status=int(fault), body="")

    town.instead["/desk/rows"] = once
    calls(page, "rows.js", f"its.refresh([{json.dumps(one['alert_id'])}])")
    for _ in range(60):
        if town.count("/desk/rows") == 3:
            break
        page.wait_for_timeout(250)
    assert faults == [], "it was not asked for again"
    expect(page.locator(f"#a-{one['alert_id']}")).to_be_visible(timeout=15_000)


def test_all_is_drawn_anew_once_the_server_can(town: Town, page: Page) -> None:
    page.goto(f"{ADDRESS}/desk")
    one = state(1)
    town.house.put(one)

    def once(route: Route) -> None:
        del town.instead["/desk"]
        route.fulfill(status=503, body="")

    town.instead["/desk"] = once
    calls(page, "rows.js", "its.reload()")
    expect(page.locator(f"#a-{one['alert_id']}")).to_be_visible(timeout=15_000)


def test_what_was_refused_for_good_is_not_asked_for_again(town: Town, page: Page) -> None:
    page.goto(f"{ADDRESS}/desk")
    town.instead["/desk/rows"] = lambda route: route.fulfill(status=400, body="")
    calls(page, "rows.js", "its.refresh(['x'])")
    page.wait_for_timeout(2_500)
    assert town.count("/desk/rows") == 1


def customers_page(town: Town, route: Route) -> None:
    """`customer.js` within our layout."""
    script = f'<script type="module" src="/static/{version()}/customer.js"></script>'
    customer = '<div id="customer" data-customer="c-1"></div>'
    layout = town.answer("/customers/nobody", {}).text
    route.fulfill(status=200, content_type="text/html", body=layout + customer + script)


def test_a_tab_that_nobody_sees_holds_no_connection(town: Town, page: Page) -> None:
    """A browser has six connections of one server."""
    town.instead["/customers/c-1"] = lambda route: customers_page(town, route)
    page.goto(f"{ADDRESS}/customers/c-1")
    page.wait_for_timeout(1_000)
    assert town.count("/v1/stream") == 1
    seen(page, hidden=True)
    page.wait_for_timeout(2_500)  # it would have been opened anew by now
    assert town.count("/v1/stream") == 1
    seen(page, hidden=False)
    page.wait_for_timeout(500)
    assert town.count("/v1/stream") == 2


def test_what_comes_shortly_before_an_answer_is_asked_for_behind_it(town: Town, page: Page) -> None:
    """The answer may not have it, and the next turn is a quarter of a minute away."""
    page.add_init_script(PLAYED)
    asked: list[bool] = []

    def answered(route: Route) -> None:
        asked.append("hx-request" in route.request.headers)
        if asked == [False, True]:
            tell(page, {"customer_id": "c-1"}, "care-task")
        customers_page(town, route)

    town.instead["/customers/c-1"] = answered
    page.goto(f"{ADDRESS}/customers/c-1")
    for _ in range(20):
        if len(asked) == 3:
            break
        page.wait_for_timeout(250)
    assert asked == [False, True, True]
