// Parts marked data-live="encoder reach" are fetched anew from data-src when news of such a kind arrives.
import { refreshTimes } from "./times.js";

const parts = () => [...document.querySelectorAll("[data-live]")];
const kinds = new Set(parts().flatMap((part) => part.dataset.live.split(" ")));
const waiting = new Map();

// Two renderings are the same when they differ in nothing but how long ago something was.
const essence = (html) => html.replace(/(<time[^>]*>)[^<]*/g, "$1").trim();
const shown = new WeakMap(parts().map((part) => [part, essence(part.innerHTML)]));

/** What changed glows for two seconds; the focus and what was typed stay where they were. */
function swap(part, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const same = twin(part.querySelector("input:focus, select:focus, textarea:focus, a:focus"));
  const next = page.body;
  const kept = keepsAnswer(part);
  if (essence(next.innerHTML) === shown.get(part)) return;
  shown.set(part, essence(next.innerHTML));
  if (kept) return;
  const typed = [...part.querySelectorAll("input:not([type=hidden])")].map((e) => [e.name, e.value, e.checked]);
  part.replaceChildren(...next.childNodes);
  for (const [name, value, checked] of typed) {
    const field = name && part.querySelector(`[name="${CSS.escape(name)}"]`);
    if (field && !field.hasAttribute("data-fresh")) { field.value = value; field.checked = checked; }
  }
  if (same) part.querySelector(same)?.focus({ preventScroll: true });
  tellLine();
  refreshTimes(part);
  if (!part.hasAttribute("data-calm")) glow(part);
  part.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
}

/** A form that just came back says what is wrong with it; it stays until something changes at the encoder itself. */
function keepsAnswer(part) {
  const answered = part.hasAttribute("data-answered");
  part.removeAttribute("data-answered");
  return answered;
}

/** How to find a field or link again. No button: what it would do may be another thing by now. */
function twin(old) {
  if (old?.name) return `[name="${CSS.escape(old.name)}"]`;
  return old?.hasAttribute("href") ? `a[href="${CSS.escape(old.getAttribute("href"))}"]` : "";
}

function glow(part) {
  part.classList.remove("glow");
  void part.offsetWidth; // starts the animation anew
  part.classList.add("glow");
}

export async function refresh(part) {
  if (!part.dataset.src) return;
  const answer = await fetch(part.dataset.src, { headers: { "X-Partial": "1" } });
  if (answer.redirected) { location.reload(); return; }
  if (answer.ok) swap(part, await answer.text());
}

/** News come in bursts: one fetch a part each quarter of a second is enough. */
function soon(part) {
  if (waiting.has(part)) return;
  waiting.set(part, setTimeout(() => {
    waiting.delete(part);
    refresh(part).catch(() => {});
  }, 120));
}

// What is fetched anew does not know how the line is.
let line = "connecting";

function tellLine() {
  document.documentElement.toggleAttribute("data-live-lost", line === "lost");
  for (const word of document.querySelectorAll("[data-line]")) word.hidden = word.dataset.line !== line;
}

function connect() {
  const stream = new EventSource(`/live?kinds=${[...kinds].join(",")}`);
  stream.addEventListener("open", () => {
    line = "live";
    tellLine();
    parts().forEach(soon); // what happened before the line was up
  });
  stream.addEventListener("error", () => {
    line = "lost";
    tellLine();
  });
  stream.addEventListener("news", (event) => {
    const news = JSON.parse(event.data);
    for (const part of parts()) if (part.dataset.live.split(" ").includes(news.kind)) soon(part);
    document.dispatchEvent(new CustomEvent("news", { detail: news }));
  });
  addEventListener("pagehide", () => stream.close());
}

if (kinds.size) connect();
addEventListener("pageshow", (event) => { if (event.persisted && kinds.size) { connect(); } });
