// The page of a customer: its parts are fetched anew when something of this customer comes out,
// what is done about an alert goes through the API, and satisfaction is drawn from its table.

import { key, post, toast } from "./page.js";
import { Stream } from "./stream.js";
import { heard, now, tellTimes } from "./times.js";
import { t } from "./words.js";
import { draw } from "./levels.js";

const EVENTS = "alert-state,customer-transition,segment-update,care-task";
const SOON = 150, AGAIN = 1_000, EVERY = 15_000, PATIENCE = 10_000;
const page = document.getElementById("customer");
const id = page.dataset.customer;
let waiting, fetching = false, again = false;
let behind = ""; // what has to count before the next answer

// -- renewing ---------------------------------------------------------------------------------

function renewSoon(after = SOON) {
  if (fetching) {
    again = true; // what is on its way may not have it
    return;
  }
  clearTimeout(waiting);
  waiting = setTimeout(renew, after);
}

async function renew() {
  fetching = true;
  const after = behind;
  try {
    const answer = await fetch(location.pathname + location.search, {
      headers: { "HX-Request": "true", ...(after && { "Touchline-After": after }) },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 401 || answer.status === 404) return location.reload();
    if (answer.ok && behind === after) behind = "";
    if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // the strip says that the connection is lost; the next change or turn tries again
  } finally {
    fetching = false;
    renewSoon(again ? SOON : behind ? AGAIN : EVERY);
    again = false;
  }
}

// Only parts that changed are put in: what somebody reads, selects or has open stays.
function put(fresh) {
  heard(Number(fresh.querySelector('meta[name="now"]').content));
  document.querySelector('meta[name="csrf"]').content =
    fresh.querySelector('meta[name="csrf"]').content;
  for (const part of page.querySelectorAll("[data-part]")) {
    const with_ = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!with_ || spoken(part) === spoken(with_) || part.contains(pointed())) continue;
    const open = [...part.querySelectorAll("details[open]")].map((each) => each.id);
    const focus = part.contains(document.activeElement) ? place(part, document.activeElement) : -1;
    const made = document.importNode(with_, true);
    for (const each of open) made.querySelector(`#${CSS.escape(each)}`)?.setAttribute("open", "");
    part.replaceWith(made);
    tellTimes(made);
    chart(made);
    if (focus >= 0) focusable(made)[focus]?.focus({ preventScroll: true });
  }
}

// What the server said: times tick since, charts were drawn, details were opened.
function spoken(part) {
  const copy = part.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) {
    time.textContent = "";
    time.removeAttribute("title");
    time.removeAttribute("class");
  }
  for (const chart of copy.querySelectorAll("[data-chart]")) chart.replaceChildren();
  for (const each of copy.querySelectorAll("details")) each.removeAttribute("open");
  return copy.innerHTML;
}

function pointed() {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed ? selection.anchorNode : null;
}

function focusable(part) {
  return [...part.querySelectorAll("a[href], button, summary, [tabindex]")];
}

function place(part, element) {
  return focusable(part).indexOf(element);
}

// -- acting -----------------------------------------------------------------------------------

async function act(button) {
  const { act: action, alert, task, complaint, step } = button.dataset;
  const group = button.closest("[role=group]");
  for (const each of group.querySelectorAll("button")) each.disabled = true;
  const [path, asked] = complaint
    ? ["/complaints/steps", { customer_id: id, complaint_id: complaint, step }]
    : alert
      ? ["/v1/alerts/actions", { ids: [alert], action, idempotency_key: key() }]
      : ["/tasks/actions", { customer_id: id, task_id: task, action }];
  try {
    const answer = await post(path, asked);
    if (!answer.ok) throw new Error(String(answer.status));
    toast(t("customer.done"));
    behind = [behind, answer.headers.get("Touchline-Position")].filter(Boolean).join(",");
    renewSoon(0);
  } catch {
    toast(t("customer.failed"), true);
    for (const each of group.querySelectorAll("button")) each.disabled = false;
  }
}

page.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) act(button);
});

// -- drawing ----------------------------------------------------------------------------------

function chart(part) {
  for (const holder of part.querySelectorAll('[data-chart="satisfaction"]')) draw(holder, now());
}

chart(document);
new Stream(EVENTS, {
  change: (record) => record.customer_id === id && renewSoon(),
  ready: () => {
    document.documentElement.dataset.stream = "open";
    renewSoon();
  },
  lost: () => {
    document.documentElement.dataset.stream = "lost";
  },
}, { whileHidden: false });
document.addEventListener("visibilitychange", () => document.hidden || renewSoon());
