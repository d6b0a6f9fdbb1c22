// Moments in the reader's zone and language, and how long they are from now, ticking.
//
// <time datetime="..." data-form="date|datetime|age|left">: the server's clock counts, for that of
// a reader may be wrong.

import { language, t } from "./words.js";

const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const format = {
  date: new Intl.DateTimeFormat(language, { dateStyle: "medium" }),
  datetime: new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }),
  full: new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }),
};
const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" });
const units = { day: unit("day"), hour: unit("hour"), minute: unit("minute"), second: unit("second") };

let ahead = Number(document.querySelector('meta[name="now"]').content) - Date.now();

// The server's time, told with every answer that has it.
export function heard(serverNow) {
  if (serverNow) ahead = serverNow - Date.now();
}

export function now() {
  return Date.now() + ahead;
}

export function duration(ms) {
  const past = Math.max(0, ms);
  if (past < MINUTE) return units.second.format(Math.floor(past / SECOND));
  if (past < HOUR) return units.minute.format(Math.floor(past / MINUTE));
  if (past < 2 * DAY) return units.hour.format(Math.floor(past / HOUR));
  return units.day.format(Math.floor(past / DAY));
}

function countdown(ms) {
  if (ms <= 0) return t("due_now");
  if (ms >= HOUR) return duration(ms);
  const seconds = Math.ceil(ms / SECOND);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function tell(element, at) {
  const form = element.dataset.form;
  const away = now() - at;
  let text;
  if (form === "age") text = duration(away);
  else if (form === "left") {
    text = countdown(-away);
    element.classList.toggle("is-due", away >= 0);
    element.classList.toggle("is-near", away < 0 && away > -2 * MINUTE);
  } else text = (format[form] ?? format.datetime).format(at);
  if (element.textContent !== text) element.textContent = text;
}

export function tellTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) continue;
    if (!element.title) element.title = format.full.format(at);
    tell(element, at);
  }
}

export function tick() {
  for (const element of document.querySelectorAll('time[data-form="age"], time[data-form="left"]')) {
    tell(element, Date.parse(element.dateTime));
  }
}

tellTimes();
setInterval(tick, SECOND);
document.addEventListener("htmx:afterSettle", () => tellTimes());
document.addEventListener("visibilitychange", tick);
