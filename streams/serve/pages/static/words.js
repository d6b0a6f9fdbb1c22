// What scripts say, in the reader's language: put into the page by the server.

const said = JSON.parse(document.getElementById("words").textContent);

export const language = document.documentElement.lang;

export function t(key, args = {}) {
  return (said[key] ?? key).replace(/\{(\w+)(?::[^}]*)?\}/g, (_, name) => args[name] ?? "…");
}
