// The status strip: asks every few seconds how current the data is. No answer is told in red.

import { t } from "./words.js";
import { heard } from "./times.js";

const EVERY = 3_000, PATIENCE = 4_000;
const strip = document.getElementById("strip");
let lost = false;

function show(state, text) {
  if (!strip) return;
  if (strip.dataset.state !== state) {
    strip.dataset.state = state;
    document.getElementById("heard").textContent = text; // read aloud once, not at every tick
  }
  if (strip.textContent !== text) strip.textContent = text;
  document.dispatchEvent(new CustomEvent("touchline:data", { detail: { state, text } }));
}

export function connectionLost() {
  lost = true;
  show("lost", t("lost"));
}

export async function ask() {
  try {
    const answer = await fetch("/strip", {
      headers: { "HX-Request": "true" },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) return connectionLost();
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const told = holder.content.querySelector(".strip-text");
    heard(Number(told.dataset.now));
    if (document.documentElement.dataset.stream === "lost") return connectionLost(); // nothing is heard
    show(told.dataset.state, told.textContent);
    if (lost) {
      lost = false;
      document.dispatchEvent(new CustomEvent("touchline:back"));
    }
  } catch {
    connectionLost();
  }
}

if (strip) {
  const again = () => ask().finally(() => setTimeout(again, EVERY));
  again();
}
