// Satisfaction as a line and moments as points, from the tables that say the same.

import { language } from "./words.js";

const HEIGHT = 220, NARROW = 420, SECOND = 1_000, MOST = 10;
const drawn = new Map(); // by holder: how to draw it anew

function rows(table) {
  if (!table) return [];
  return [...table.tBodies[0].rows].map((row) => ({
    at: Date.parse(row.querySelector("time").dateTime) / SECOND,
    value: Number(row.querySelector("[data-value]").dataset.value),
    tone: row.querySelector("[data-value]").dataset.tone,
    said: row.cells.length > 2 ? row.cells[1].textContent : "",
  }));
}

function colour(name) {
  return resolved(getComputedStyle(document.documentElement).getPropertyValue(name));
}

// light-dark(a, b) as a canvas takes it: the colour that an element gets.
function resolved(value) {
  const probe = document.createElement("span");
  probe.style.color = value;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export function draw(holder) {
  const part = holder.closest("[data-part]") ?? document;
  const levels = rows(part.querySelector("[data-levels]"));
  const moments = rows(part.querySelector("[data-moments]"));
  const times = [...new Set([...levels, ...moments].map((each) => each.at))].sort((a, b) => a - b);
  if (!times.length) return;
  const level = new Map(levels.map((each) => [each.at, each.value]));
  const byTime = new Map();
  for (const each of moments) {
    const other = byTime.get(each.at);
    if (!other || Math.abs(each.value - 5) > Math.abs(other.value - 5)) byTime.set(each.at, each);
  }
  const data = [
    times,
    times.map((at) => level.get(at) ?? null),
    times.map((at) => byTime.get(at)?.value ?? null),
  ];
  const make = () => {
    drawn.get(holder)?.destroy();
    drawn.set(holder, plot(holder, data, byTime));
  };
  make();
  again.set(holder, make);
  resizes.observe(holder);
}

const again = new Map();

function redrawAll() {
  for (const [holder, make] of again) {
    if (holder.isConnected) make();
    else forget(holder);
  }
}

function forget(holder) {
  resizes.unobserve(holder);
  drawn.get(holder)?.destroy();
  drawn.delete(holder);
  again.delete(holder);
}

const resizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const plot = drawn.get(target);
    if (!target.isConnected) forget(target);
    else if (plot && contentRect.width && Math.abs(plot.width - contentRect.width) > 1)
      plot.setSize({ width: contentRect.width, height: HEIGHT });
  }
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);

function plot(holder, data, byTime) {
  const ink = colour("--ink-soft"), line = colour("--line"), accent = colour("--accent");
  const tones = { bad: colour("--danger"), warn: colour("--warn"), good: colour("--good") };
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;
  const made = new uPlot({
    width: holder.clientWidth || NARROW,
    height: HEIGHT,
    padding: [12, 12, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: { x: { time: true, range: (_, low, high) => spread(low, high) }, y: { range: [0, MOST] } },
    axes: [
      { ...axis, space: 70, values: (_, splits, __, ___, step) =>
        splits.map((at) => (step < 86_400 ? hour : day).format(at * SECOND)) },
      { ...axis, size: 30, splits: () => [0, 2, 4, 6, 8, 10] },
    ],
    series: [
      {},
      { stroke: accent, width: 2, spanGaps: true, points: { show: data[1].filter((v) => v !== null).length < 3, size: 6, fill: accent } },
      { paths: () => null, points: { show: true, size: 9, width: 2 } },
    ],
    hooks: {
      drawSeries: [(u, index) => index === 2 && points(u, data, (at) => tones[byTime.get(at).tone])],
      setCursor: [(u) => hint(u, tip, data, byTime, day, hour)],
    },
  }, data, holder);
  made.over.append(tip);
  return made;
}

function spread(low, high) {
  const pad = Math.max((high - low) * 0.02, 1_800);
  return [low - pad, high + pad];
}

function points(u, data, tone) {
  const { ctx } = u, size = 4.5 * devicePixelRatio;
  ctx.save();
  data[2].forEach((value, index) => {
    if (value === null) return;
    const x = u.valToPos(data[0][index], "x", true), y = u.valToPos(value, "y", true);
    ctx.beginPath();
    ctx.arc(x, y, size, 0, 2 * Math.PI);
    ctx.fillStyle = tone(data[0][index]);
    ctx.fill();
  });
  ctx.restore();
}

function hint(u, tip, data, byTime, day, hour) {
  const index = u.cursor.idx;
  if (index === null || index === undefined) {
    tip.hidden = true;
    return;
  }
  const at = data[0][index], level = data[1][index], moment = byTime.get(at);
  if (!moment && level === null) {
    tip.hidden = true;
    return;
  }
  const when = new Date(at * SECOND);
  tip.textContent = moment
    ? `${day.format(when)} ${hour.format(when)} · ${moment.said}: ${moment.value.toFixed(1)}`
    : `${day.format(when)}: ${level.toFixed(1)}`;
  tip.hidden = false;
  const x = u.valToPos(at, "x");
  const left = Math.min(Math.max(0, x - tip.offsetWidth / 2), u.over.clientWidth - tip.offsetWidth);
  tip.style.transform = `translate(${left}px, 4px)`;
}
