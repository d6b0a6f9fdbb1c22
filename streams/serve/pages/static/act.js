// What is done about alerts: one request for all that are meant, then they are drawn anew.

import { key, post, toast } from "./page.js";
import { all, box, refresh, row, settle } from "./rows.js";
import { choose, go, here, meant } from "./select.js";
import { now } from "./times.js";
import { t } from "./words.js";

const SECOND = 1_000;
const MOST = 1_000; // alerts of a request

export async function act(ids, action, more = {}) {
  if (!ids.length) return;
  const next = following(ids);
  const chosen = ids.filter((id) => row(id) && box(row(id)).checked);
  for (const id of ids) row(id)?.classList.add("busy", "mine");
  choose(chosen, false); // now: what somebody selects while this is on its way stays selected
  const positions = [];
  let done = 0, why = "";
  for (let from = 0; from < ids.length; from += MOST) {
    const some = ids.slice(from, from + MOST);
    const told = await send(some, { action, ...more });
    for (const id of some) row(id)?.classList.remove("busy");
    done += told.done;
    if (told.done < some.length) why ||= told.why;
    if (told.done) positions.push(told.position);
    else choose(some.filter((id) => chosen.includes(id)), true);
  }
  if (!done) toast(t("failed", { why }), true);
  else if (done < ids.length) toast(t("some_failed", { failed: ids.length - done, n: ids.length, why }), true);
  else toast(t(`done.${action}`, { n: done }));
  if (done) {
    await refresh(ids, positions.join(","));
    settle();
  }
  for (const id of ids) row(id)?.classList.remove("mine");
  if (done && !here() && next && row(next)) go(row(next));
}

// One request: how many were done, the position of that, and why not all.
async function send(ids, what) {
  try {
    const answer = await post("/v1/alerts/actions", { ids, ...what, idempotency_key: key() });
    const { results = [] } = await answer.json();
    const done = answer.ok ? results.filter((each) => each.result === "accepted").length : 0;
    const status = results.some((each) => each.result === "held_elsewhere") ? 503 : answer.status;
    return { done, position: answer.headers.get("Touchline-Position") ?? "", why: whyNot(status) };
  } catch {
    return { done: 0, position: "", why: t("unanswered") };
  }
}

function whyNot(status) {
  const key = `why.${status}`, told = t(key);
  return told === key ? t("why.other") : told;
}

// The row to be at when these are gone.
function following(ids) {
  const at = here();
  if (!at) return null;
  const rows = all(), gone = new Set(ids), from = rows.indexOf(at);
  const next = rows.slice(from).find((each) => !gone.has(each.dataset.id)) ?? rows.slice(0, from).reverse().find((each) => !gone.has(each.dataset.id));
  return next?.dataset.id ?? null;
}

let about = []; // the alerts that an open dialog is about

export function ask(what, rows = meant()) {
  if (!rows.length) return;
  about = rows.map((each) => each.dataset.id);
  const dialog = document.getElementById(`ask-${what}`);
  const count = about.length === 1 ? t("alerts_one") : t("alerts", { n: about.length });
  dialog.querySelector("[data-picked]").textContent = count;
  for (const wrong of dialog.querySelectorAll(".wrong")) wrong.hidden = true;
  if (what === "noted") document.getElementById("note").value = "";
  if (what === "assigned") {
    const to = document.getElementById("assign-to");
    to.value = to.dataset.me;
  }
  if (what === "snoozed") document.getElementById("until").value = "";
  dialog.showModal();
  dialog.querySelector("input, textarea")?.select?.();
}

function onSubmit(what, done) {
  document.querySelector(`#ask-${what} form`)?.addEventListener("submit", (event) => {
    const value = event.submitter?.value ?? "go";
    if (value !== "cancel" && done(value) === false) event.preventDefault();
  });
}

onSubmit("snoozed", (value) => {
  const given = document.getElementById("until").value;
  const until = /^\d+$/.test(value) ? now() + Number(value) * SECOND : Date.parse(given);
  if (!(until > now())) {
    document.querySelector("#ask-snoozed .wrong").hidden = false;
    return false;
  }
  act(about, "snoozed", { until: new Date(until).toISOString() });
  return true;
});
onSubmit("assigned", (value) => {
  const to = value === "nobody" ? "" : document.getElementById("assign-to").value.trim();
  if (value !== "nobody" && !to) return false;
  act(about, "assigned", { assign_to: to });
  return true;
});
onSubmit("noted", () => {
  const note = document.getElementById("note").value.trim();
  if (!note) return false;
  act(about, "noted", { note });
  return true;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-act], button[data-ask]");
  if (!button || button.disabled) return;
  const own = button.dataset.of;
  const rows = own ? [row(own)] : meant();
  if (button.dataset.ask) ask(button.dataset.ask, rows);
  else act(rows.map((each) => each.dataset.id), button.dataset.act);
});
