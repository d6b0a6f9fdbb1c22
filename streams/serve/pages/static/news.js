// What is news: an alert that is raised, raised again or opened again rings once, also where that
// came while nothing was heard.

import { passes, refused } from "./rows.js";
import * as sound from "./sound.js";
import { now } from "./times.js";
import { notify, wanting } from "./views.js";
import { t } from "./words.js";

const KNOWN = 20_000, PAGE = 500, AGAIN = 1_500;
const known = new Map(); // id -> { status, level, rang }, what was told last at the end
const opened = now();
const title = document.title;
let unseen = 0;
let whole = false; // whether all that were open are known: what is not, is news
let since = new Set(); // what was told since it was last asked what was missed
let later;

function know(id, record, rang = false) {
  known.delete(id);
  known.set(id, { status: record.status, level: record.level, rang });
  if (known.size > KNOWN) known.delete(known.keys().next().value);
}

// What the page is opened with is no news.
export function learn(rows) {
  for (const { dataset } of rows) know(dataset.id, { status: dataset.status, level: Number(dataset.level) });
}

function isNews(record) {
  if (record.status !== "open") return false;
  const before = known.get(record.alert_id);
  if (before) return before.status !== "open" || record.level > before.level;
  return whole || Date.parse(record.raised_at) >= opened;
}

function hear(record) {
  const id = record.alert_id, news = isNews(record), open = record.status === "open";
  const rang = open && known.get(id)?.rang; // it was moved while it rang
  know(id, record);
  if (!open) sound.stopped(id);
  if (!news) {
    if (rang) sound.ring(id, "until");
    return;
  }
  const views = wanting(record);
  const loud = views.find((view) => view.sound === "until") ?? views.find((view) => view.sound === "once");
  if (loud) sound.ring(id, loud.sound);
  if (views.some((view) => view.notice)) notify(id);
  if (document.hidden) { unseen += 1; entitle(); }
}

// A state that the stream tells.
export function told(record) {
  const id = record.alert_id;
  since.add(id);
  if (!record.deleted) return hear(record);
  // of somebody who was erased, or long over; or it was merged and is told from elsewhere
  const before = known.get(id), rang = sound.stopped(id);
  if (before) know(id, before, rang);
}

// After a connection was lost, or begun: all that are open, as the API has them.
export async function missed() {
  clearTimeout(later);
  const mine = since = new Set(), open = new Set();
  try {
    let cursor = "";
    do {
      const answer = await fetch(`/v1/alerts?status=open&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { cache: "no-store" });
      if (!answer.ok) throw refused(answer);
      const page = await answer.json();
      if (mine !== since) return; // it is asked anew
      for (const record of page.items) {
        open.add(record.alert_id);
        if (!since.has(record.alert_id)) hear(record); // else what was told is newer
      }
      cursor = page.next_cursor ?? "";
    } while (cursor && open.size < KNOWN);
    for (const id of cursor ? [] : sound.ringing()) if (!open.has(id) && !since.has(id)) sound.stopped(id);
    whole = true;
  } catch (error) {
    if (mine === since && passes(error)) later = setTimeout(missed, AGAIN);
  }
}

function entitle() {
  document.title = unseen ? t("new_title", { n: unseen, title }) : title;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) { unseen = 0; entitle(); }
});
