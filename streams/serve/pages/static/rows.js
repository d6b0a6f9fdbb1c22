// The rows: put in their order as the server draws them; new ones wait while somebody is pointing.

import { heard, tellTimes } from "./times.js";
import { t } from "./words.js";

const POINTING = 8_000, MOST = 100, AGAIN = 1_500;
const waiting = new Map(); // id -> row, or null for one that is to go
let moved = 0; // when somebody last pointed at a row

const body = () => document.getElementById("rows");
const view = () => document.getElementById("view");
const most = () => Number(view().dataset.shown); // rows of a page
export const all = () => [...body().rows].filter((row) => row.dataset.id);
export const row = (id) => document.getElementById(`a-${id}`);
export const box = (of) => of.querySelector('input[name="ids"]');
export const picked = () => all().filter((each) => box(each).checked);

document.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "touch" && event.target.closest?.("#rows, #toolbar")) moved = Date.now();
}, { passive: true });
document.addEventListener("pointerout", (event) => {
  if (!event.relatedTarget?.closest?.("#rows, #toolbar")) { moved = 0; settle(); }
}, { passive: true });
setInterval(settle, 1_000);

function pointing() {
  const asking = document.querySelector("dialog[open]") !== null;
  return asking || Date.now() - moved < POINTING || body()?.querySelector("input:checked") !== null;
}

// Called whenever what is selected or shown has changed.
let changed = () => {};
export function onChange(call) { changed = call; }

export function settle(now = false) {
  if (waiting.size && (now || !pointing())) {
    const due = [...waiting];
    waiting.clear();
    for (const [id, fresh] of due) if (fresh) put(id, fresh); else row(id)?.remove();
    trim();
    after();
  } else count();
}

// One that is not there any more goes at once, whoever points at it.
export function forget(id) {
  waiting.delete(id);
  const old = row(id);
  if (!old) return;
  old.remove();
  after();
}

// What is beyond a page is on the next one; what is selected stays.
function trim() {
  const beyond = all().slice(most()).filter((each) => !box(each).checked);
  for (const each of beyond) each.remove();
  if (beyond.length && !view().dataset.more) reload(); // it brings the link there
}

function count() {
  const button = document.getElementById("waiting");
  if (!button) return;
  const fresh = [...waiting.values()].filter(Boolean).length;
  button.hidden = fresh === 0;
  const text = t("waiting", { n: fresh });
  if (button.textContent !== text) button.textContent = text;
}

function after() {
  count();
  const empty = document.getElementById("empty");
  if (empty) empty.hidden = all().length > 0;
  if (view().dataset.more && !waiting.size && all().length < most() / 2) reload(); // there are more
  changed();
}

function put(id, fresh) {
  const old = row(id);
  if (old) {
    box(fresh).checked = box(old).checked;
    fresh.classList.toggle("here", old.classList.contains("here"));
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    if (fresh.dataset.order === old.dataset.order) old.replaceWith(fresh);
    else { old.remove(); place(fresh, true); }
    if (focused) (focused.matches("input") ? box(fresh) : fresh).focus({ preventScroll: true });
  } else {
    fresh.classList.add("fresh");
    place(fresh);
  }
  tellTimes(fresh);
}

function place(fresh, known = false) {
  const rows = all();
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].dataset.order < fresh.dataset.order) low = middle + 1;
    else high = middle;
  }
  if (low === rows.length && view().dataset.more && !known) return; // it belongs to a later page
  body().insertBefore(fresh, rows[low] ?? null);
}

// What the server drew: rows of the alerts that are asked for, counts, and what an empty list says.
function take(drawn, ids) {
  const found = new Map();
  for (const fresh of drawn.querySelectorAll("tr[data-id]")) found.set(fresh.dataset.id, document.adoptNode(fresh));
  const hold = pointing(), more = drawn.querySelector("#more");
  if (!ids) { // a page, whole
    ids = new Set([...all().map((each) => each.dataset.id), ...waiting.keys(), ...found.keys()]);
    view().dataset.more = more ? "true" : "";
    document.getElementById("more")?.remove();
    if (more) view().append(document.adoptNode(more));
  }
  for (const id of ids) {
    const fresh = found.get(id), old = row(id);
    if (fresh && old) {
      waiting.delete(id);
      if (fresh.dataset.order === old.dataset.order || !hold) put(id, fresh);
      else { fresh.dataset.order = old.dataset.order; put(id, fresh); }
    } else if (fresh) {
      if (hold) waiting.set(id, fresh);
      else put(id, fresh);
    } else if (old) {
      if (hold && !old.classList.contains("mine")) { old.classList.add("gone"); waiting.set(id, null); }
      else old.remove();
    } else waiting.delete(id);
  }
  trim();
  for (const part of ["tabs", "empty"]) {
    const fresh = drawn.querySelector(`#${part}`), old = document.getElementById(part);
    if (!fresh || !old) continue;
    if (part === "empty") fresh.hidden = all().length > 0;
    old.replaceWith(document.adoptNode(fresh));
    const put_ = document.getElementById(part);
    tellTimes(put_);
    globalThis.htmx?.process(put_);
  }
  heard(Number(drawn.querySelector(".strip-text")?.dataset.now));
  after();
}

async function drawn(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, cache: "no-store" });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw refused(answer);
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content;
}

export function refused(answer) {
  return Object.assign(new Error(`${answer.status}`), { status: answer.status });
}

// Whether asking the same again may bring an answer: a connection that broke, a server that cannot
// just now or is asked too often.
export function passes(error) {
  return error.status === undefined || error.status >= 500 || error.status === 429;
}

const asked = new Set();
let asking = null; // the answer that is on its way
let position = ""; // what has to count before the next answer
let later, wholly; // when it is tried again

// Draw these alerts anew; those that do not belong here any more go. Done when all are drawn.
export function refresh(ids, after_ = "") {
  for (const id of ids) asked.add(id);
  if (after_) position = position ? `${position},${after_}` : after_;
  return asking ??= Promise.resolve().then(drawAsked);
}

async function drawAsked() {
  clearTimeout(later);
  let some = [], behind = "";
  try {
    while (asked.size) {
      const query = view().dataset.query;
      some = [...asked].slice(0, MOST);
      behind = position;
      for (const id of some) asked.delete(id);
      const wait = behind ? `&after=${encodeURIComponent(behind)}` : "";
      position = "";
      const found = await drawn(`/desk/rows?ids=${some.join(",")}${query && "&"}${query}${wait}`);
      if (view().dataset.query === query) take(found, some);
    }
  } catch (error) {
    if (passes(error)) {
      for (const id of some) asked.add(id); // an alert that is not asked for again is not seen
      position ||= behind;
    }
    if (asked.size) later = setTimeout(() => refresh([]), AGAIN);
  } finally {
    asking = null;
  }
}

// Draw everything anew: after a connection was lost, what came meanwhile is not known.
export async function reload() {
  clearTimeout(wholly);
  const query = view().dataset.query, at = location.search;
  try {
    const found = await drawn(`/desk${at}`);
    if (location.search === at && view().dataset.query === query) take(found.querySelector("#view"), null);
  } catch (error) {
    if (passes(error)) wholly = setTimeout(reload, AGAIN);
  }
}
