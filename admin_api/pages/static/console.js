// The stream of events: filtered as one types, paused to read; what came meanwhile is counted.
import { refresh } from "./live.js";

const list = document.getElementById("events");
const filter = document.querySelector("[data-filter]");
const pause = document.querySelector("[data-pause]");
const waiting = document.querySelector("[data-waiting]");
let paused = false;
let missed = 0;

function apply() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of list.querySelectorAll("li")) {
    const text = item.textContent.toLowerCase() + (item.dataset.kind ?? "");
    item.hidden = !words.every((word) => text.includes(word));
  }
}

filter?.addEventListener("input", apply);
list?.addEventListener("swapped", apply);

// Whoever looks back reads in peace: the stream is paused, and what is older is put below. Going on shows the newest.
async function lookBack(link) {
  const wanted = new URL(link.href);
  if (filter.value.trim()) wanted.searchParams.set("q", filter.value.trim());
  wanted.pathname = "/console/events";
  const answer = await fetch(wanted, { headers: { "X-Partial": "1" } });
  if (!answer.ok || answer.redirected) { location.reload(); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.querySelectorAll("li");
  const again = page.querySelector("[data-older]");
  list.querySelector("ol")?.append(...found);
  apply();
  if (again) link.replaceWith(again);
  else link.remove();
  (found[0]?.querySelector("a") ?? again ?? list).focus({ preventScroll: true });
}

list?.addEventListener("click", (event) => {
  const link = event.target.closest("[data-older]");
  if (!link || !list.querySelector("ol")) return;
  event.preventDefault();
  if (!paused) toggle();
  lookBack(link).catch(() => location.assign(link.href));
});

function toggle() {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  for (const part of pause.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "paused") !== paused;
  if (paused) {
    list.dataset.kept = list.dataset.live ?? "record";
    list.removeAttribute("data-live");
  } else {
    list.dataset.live = list.dataset.kept;
    missed = 0;
    waiting.hidden = true;
    refresh(list).catch(() => {});
  }
}

pause?.addEventListener("click", toggle);
apply();

document.addEventListener("news", (event) => {
  if (!paused || !list.dataset.kept.split(" ").includes(event.detail.kind)) return;
  missed += 1;
  waiting.hidden = false;
  waiting.querySelector("b").textContent = missed;
});
