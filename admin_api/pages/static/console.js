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

pause?.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  for (const part of pause.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "paused") !== paused;
  if (paused) {
    list.dataset.kept = list.dataset.live;
    list.removeAttribute("data-live");
  } else {
    list.dataset.live = list.dataset.kept;
    missed = 0;
    waiting.hidden = true;
    refresh(list).catch(() => {});
  }
});

document.addEventListener("news", (event) => {
  if (!paused || !list.dataset.kept.split(" ").includes(event.detail.kind)) return;
  missed += 1;
  waiting.hidden = false;
  waiting.querySelector("b").textContent = missed;
});
