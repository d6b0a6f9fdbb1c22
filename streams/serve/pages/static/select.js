// Which alerts are meant: boxes, ranges with shift, all that are shown; else the row one is at.

import { all, box, onChange, picked, row, settle } from "./rows.js";
import { t } from "./words.js";

let last = null; // the id of the box that was set last: a range begins there
const told = document.getElementById.bind(document);

export const here = () => document.querySelector("#rows tr.here");
export const meant = () => {
  const some = picked();
  return some.length || !here() ? some : [here()];
};

export function go(to) {
  for (const each of document.querySelectorAll("#rows tr.here")) each.classList.remove("here");
  if (!to) return;
  to.classList.add("here");
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "nearest" });
  changed();
}

export function step(by) {
  const rows = all();
  if (!rows.length) return;
  const at = rows.indexOf(here());
  go(rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]);
}

export function pick(which, on = !box(which).checked) {
  box(which).checked = on;
  last = which.dataset.id;
  changed();
}

export function choose(ids, on) {
  for (const id of ids) if (row(id)) box(row(id)).checked = on;
  changed();
}

export function none() {
  for (const each of picked()) box(each).checked = false;
  changed();
  settle();
}

document.addEventListener("click", (event) => {
  const pressed = event.target;
  if (!pressed.matches?.('#rows input[name="ids"]')) return;
  const rows = all(), to = pressed.closest("tr"), from = last && row(last);
  if (event.shiftKey && from) {
    const [low, high] = [rows.indexOf(from), rows.indexOf(to)].sort((a, b) => a - b);
    for (const each of rows.slice(low, high + 1)) box(each).checked = pressed.checked;
  }
  last = to.dataset.id;
  changed();
});

document.addEventListener("change", (event) => {
  if (event.target.id !== "all") return;
  for (const each of all()) box(each).checked = event.target.checked;
  changed();
  if (!event.target.checked) settle();
});

export function changed() {
  const bar = told("toolbar"), rows = all(), some = picked();
  if (!bar) return;
  const label = told("picked"), every = told("all");
  const text = some.length === 1 ? t("selected_one") : some.length ? t("selected", { n: some.length }) : label.dataset.none;
  if (label.textContent !== text) label.textContent = text;
  every.checked = some.length > 0 && some.length === rows.length;
  every.indeterminate = some.length > 0 && some.length < rows.length;
  bar.dataset.none = String(some.length === 0);
  const nothing = meant().length === 0;
  for (const button of bar.querySelectorAll(".tools button")) button.disabled = nothing;
}

onChange(changed);
