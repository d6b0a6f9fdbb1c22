// A tone made here, no file. Browsers let a page sound only once somebody has touched it.

const REPEAT = 4_000, LENGTH = 0.6;
let audio;
let free = 0; // when (s of the audio's clock) the tone is over
let repeating;
const open = new Set();

function context() {
  audio ??= new AudioContext();
  return audio;
}

function tone() {
  const at = context().currentTime;
  if (at < free) return; // many at once are one
  free = at + LENGTH;
  for (const [start, pitch] of [[0, 784], [0.18, 1047]]) {
    const wave = audio.createOscillator(), loudness = audio.createGain();
    wave.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, at + start);
    loudness.gain.linearRampToValueAtTime(0.25, at + start + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + start + 0.35);
    wave.connect(loudness).connect(audio.destination);
    wave.start(at + start);
    wave.stop(at + start + 0.4);
  }
}

// Whether the page may sound now.
export function allowed() {
  return audio?.state === "running";
}

// Call from a click or a key: else the browser says no.
export async function allow() {
  try {
    await context().resume();
  } catch { /* it is asked for again at the next click */ }
  return allowed();
}

// mode: "once", or "until" somebody acknowledged the alert.
export function ring(id, mode) {
  if (mode === "until") open.add(id);
  document.dispatchEvent(new CustomEvent("touchline:ring", { detail: { id, mode, heard: allowed() } }));
  if (allowed()) tone();
  if (open.size && !repeating) {
    repeating = setInterval(() => { if (allowed()) tone(); }, REPEAT);
  }
}

// Whether it rang.
export function stopped(id) {
  const rang = open.delete(id);
  if (rang && !open.size) silence();
  return rang;
}

export function silence() {
  open.clear();
  clearInterval(repeating);
  repeating = undefined;
  document.dispatchEvent(new CustomEvent("touchline:silent"));
}

// The alerts that ring.
export function ringing() {
  return [...open];
}
