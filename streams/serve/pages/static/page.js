// What every page does: times, the strip, and one sentence at the bottom when something happened.

import "./times.js";
import "./strip.js";

const SHOWN = 5_000;
let hiding;

// For the times within sentences, which the server tells.
const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC");
document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;

function csrf() {
  return document.querySelector('meta[name="csrf"]').content;
}

// Acts through the API, as the person who is logged in.
export function post(path, asked) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(asked),
  });
}

// What a request is known by; crypto.randomUUID is there over https alone.
export function key() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join("-");
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf();
});

export function toast(text, bad = false) {
  let box = document.getElementById("toast");
  if (!box) {
    box = document.createElement("div");
    box.id = "toast";
    box.setAttribute("role", "status");
    document.body.append(box);
  }
  box.className = bad ? "toast bad" : "toast";
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { box.hidden = true; }, SHOWN);
}
