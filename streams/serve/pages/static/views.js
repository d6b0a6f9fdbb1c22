// Saved views: filters with a name, kept in this browser, each with its sound and notice.

import { t } from "./words.js";
import { allow } from "./sound.js";

const KEY = "touchline.views";
const FIRST = { name: "", query: "", sound: "off", notice: false };
const SOUNDS = ["off", "once", "until"];

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    const views = Array.isArray(found) ? found.filter((each) => typeof each?.query === "string") : [];
    return views.some((each) => each.query === "") ? views : [FIRST, ...views];
  } catch {
    return [FIRST];
  }
}

let views = kept();

function keep() {
  localStorage.setItem(KEY, JSON.stringify(views));
  draw();
}

// Views that want to be told of an alert's state: its record has the fields that filters name.
export function wanting(record) {
  return views.filter((view) => (view.sound !== "off" || view.notice) && fits(view.query, record));
}

export function anySound() {
  return views.some((view) => view.sound !== "off");
}

function fits(query, record) {
  const asked = new URLSearchParams(query);
  const fields = { customer: "customer_id", owner: "owner_id" };
  for (const name of new Set(asked.keys())) {
    if (name === "status") continue; // what is new is open
    if (!asked.getAll(name).includes(String(record[fields[name] ?? name] ?? ""))) return false;
  }
  return true;
}

const box = document.getElementById("views");
const dialog = document.getElementById("view-dialog");
const shown = () => document.getElementById("view").dataset.query;

export function draw() {
  const chips = views.map((view, place) => {
    const chip = document.createElement("span");
    chip.className = view.query === shown() ? "view on" : "view";
    const link = document.createElement("a");
    link.href = view.query ? `/desk?${view.query}` : "/desk";
    link.textContent = view.name || t("all_open");
    if (view.query === shown()) link.setAttribute("aria-current", "true");
    const settings = document.createElement("button");
    settings.type = "button";
    settings.textContent = view.sound === "off" ? "⋯" : "♪";
    settings.setAttribute("aria-label", t("edit_view", { name: link.textContent }) + (view.sound === "off" ? "" : `, ${t("rings")}`));
    settings.title = settings.getAttribute("aria-label");
    settings.addEventListener("click", () => edit(place));
    chip.append(link, settings);
    return chip;
  });
  if (!views.some((view) => view.query === shown())) {
    const save = document.createElement("button");
    save.type = "button";
    save.textContent = `+ ${t("save_view")}`;
    save.addEventListener("click", () => edit(-1));
    chips.push(save);
  }
  box.replaceChildren(...chips);
  box.hidden = false;
}

function edit(place) {
  const view = views[place] ?? { ...FIRST, query: shown() };
  const name = document.getElementById("view-name"), notice = document.getElementById("view-notice");
  name.value = view.name || (view.query ? "" : t("all_open"));
  name.disabled = !view.query;
  notice.checked = view.notice;
  for (const radio of dialog.querySelectorAll('[name="sound"]')) radio.checked = radio.value === view.sound;
  document.getElementById("view-delete").hidden = place < 0 || !view.query;
  complain("");
  dialog.dataset.place = place;
  dialog.dataset.query = view.query;
  dialog.showModal();
}

function complain(text) {
  const wrong = document.getElementById("view-wrong");
  wrong.textContent = text;
  wrong.hidden = !text;
}

dialog.querySelector("form").addEventListener("submit", async (event) => {
  const what = event.submitter?.value ?? "save";
  const place = Number(dialog.dataset.place), query = dialog.dataset.query;
  if (what === "delete") views = views.filter((_, each) => each !== place);
  if (what === "save") {
    event.preventDefault();
    const name = document.getElementById("view-name").value.trim();
    const sound = dialog.querySelector('[name="sound"]:checked')?.value ?? SOUNDS[0];
    let notice = document.getElementById("view-notice").checked;
    if (query && !name) return complain(t("name_missing"));
    if (sound !== "off") allow(); // this click is the one that browsers ask for
    if (notice && globalThis.Notification?.permission !== "granted") {
      notice = (await globalThis.Notification?.requestPermission()) === "granted";
      if (!notice) {
        document.getElementById("view-notice").checked = false;
        return complain(t("notice_refused"));
      }
    }
    const view = { name: query ? name : "", query, sound, notice };
    if (place < 0) views = [...views, view];
    else views = views.map((each, at) => (at === place ? view : each));
    dialog.close();
  }
  if (what !== "cancel") keep();
});

// Another tab of this browser has changed them.
addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  views = kept();
  draw();
});

export function notify(id) {
  if (globalThis.Notification?.permission !== "granted") return;
  try {
    const notice = new Notification("Touchline", { body: t("notice", { id: id.slice(0, 8) }), tag: id, renotify: true });
    notice.onclick = () => {
      focus();
      document.getElementById(`a-${id}`)?.scrollIntoView({ block: "center" });
      notice.close();
    };
  } catch { /* Chrome on Android has notices of service workers alone */ }
}
