// The desk, live: what changes is drawn anew, and rings where a saved view wants it.

import { toast } from "./page.js";
import { connectionLost, ask as askStrip } from "./strip.js";
import * as news from "./news.js";
import * as sound from "./sound.js";
import { Stream } from "./stream.js";
import { all, forget, refresh, reload, settle } from "./rows.js";
import { changed } from "./select.js";
import { showHelp } from "./keys.js";
import { anySound, draw } from "./views.js";
import { t } from "./words.js";
import "./act.js";

const byId = document.getElementById.bind(document);
const GATHER = 25; // ms: what comes together is asked for together
const UNHEARD = 5_000; // ms: while no stream is to be had, the desk asks this often

function told(record) {
  const id = record.alert_id;
  if (!id) return;
  if (record.deleted) forget(id);
  gather(id); // one that was merged with another is there still
  news.told(record);
}

const gathered = new Set();
let soon;
function gather(id) {
  gathered.add(id);
  soon ??= setTimeout(() => {
    soon = undefined;
    const ids = [...gathered];
    gathered.clear();
    refresh(ids);
  }, GATHER);
}

news.learn(all());
draw();
changed();
document.documentElement.dataset.ready = "true";

// All that is open anew, and what of it rings.
function catchUp() {
  reload();
  news.missed();
}

let again = false, asking;
new Stream("alert-state", {
  change: told,
  ready: () => {
    clearInterval(asking);
    asking = undefined;
    document.documentElement.dataset.stream = "open";
    if (again) askStrip();
    again = true;
    catchUp();
  },
  lost: () => {
    document.documentElement.dataset.stream = "lost";
    connectionLost();
    asking ??= setInterval(catchUp, UNHEARD);
  },
});
document.addEventListener("touchline:back", () => reload());

// What an empty list says follows the strip.
document.addEventListener("touchline:data", (event) => {
  const empty = byId("empty");
  if (!empty) return;
  empty.dataset.state = event.detail.state;
  empty.querySelector(".empty-data").textContent = event.detail.text;
});

// After a change of filters the middle of the page is another.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "view" && !byId("view")?.contains(event.target)) return;
  draw();
  changed();
  for (const chosen of document.querySelectorAll("#filters .chosen")) {
    chosen.textContent = document.querySelectorAll(`#filters [name="${chosen.dataset.field}"]:checked`).length || "";
  }
  const narrowed = [...new FormData(byId("filters"))].some(([name, value]) => name !== "status" && value);
  document.querySelector("#filters .clear").hidden = !narrowed;
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) location.reload();
  else connectionLost();
});
document.addEventListener("htmx:sendError", connectionLost);

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#waiting")) settle(true);
});

// Sound: browsers want a click first; it is asked for once, and any click or key will do.
const silence = byId("silence"), allow = byId("allow-sound");
silence.addEventListener("click", sound.silence);
document.addEventListener("touchline:ring", () => {
  silence.hidden = !sound.ringing().length;
  allow.hidden = sound.allowed();
});
document.addEventListener("touchline:silent", () => { silence.hidden = true; });
if (anySound()) {
  allow.hidden = false;
  const touch = async () => {
    if (!(await sound.allow())) return;
    allow.hidden = true;
    for (const kind of ["pointerdown", "keydown"]) removeEventListener(kind, touch);
  };
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, touch);
  sound.allow().then((may) => { allow.hidden = may; });
}
allow.addEventListener("click", async () => {
  if (await sound.allow()) allow.hidden = true;
  else toast(t("sound_refused"), true);
});
const help = byId("show-help");
help.hidden = false;
help.addEventListener("click", showHelp);
