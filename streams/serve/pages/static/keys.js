// Keys of the desk. They act alone, so they can be switched off (WCAG 2.1.4), and never while typing.

import { act, ask } from "./act.js";
import { go, here, meant, none, pick, step } from "./select.js";

const KEY = "touchline.keys";
const ids = () => meant().map((each) => each.dataset.id);
const help = document.getElementById("help");
const on = document.getElementById("keys-on");
on.checked = localStorage.getItem(KEY) !== "off";
on.addEventListener("change", () => localStorage.setItem(KEY, on.checked ? "on" : "off"));

export function showHelp() {
  help.showModal();
}

const does = {
  j: () => step(1),
  k: () => step(-1),
  x: () => here() && pick(here()),
  a: () => act(ids(), "acknowledged"),
  r: () => act(ids(), "resolved"),
  o: () => act(ids(), "reopened"),
  s: () => ask("snoozed"),
  i: () => ask("assigned"),
  n: () => ask("noted"),
  "/": () => document.getElementById("find").focus(),
  "?": showHelp,
};
const acts = document.querySelector("#toolbar .tools") !== null;
const ACTING = "arosin", MOVING = "jk";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else if (typing) typing.blur();
    else { none(); go(null); }
    return;
  }
  if (typing || !on.checked || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && event.target.matches?.("#rows tr")) {
    event.target.querySelector(".whom a").click();
    return;
  }
  if (!Object.hasOwn(does, event.key) || (ACTING.includes(event.key) && !acts)) return;
  event.preventDefault();
  if (event.repeat && !MOVING.includes(event.key)) return; // held, it would go on to the next alert
  does[event.key]();
});

// Where one clicks into a row, one is.
document.addEventListener("click", (event) => {
  const at = event.target.closest?.("#rows tr");
  if (at && !event.target.closest("a, button, input")) go(at);
});
// A menu closes when one clicks beside it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
