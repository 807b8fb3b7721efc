// A handover day: each card is told by a sound, a key skips whoever is not there yet, and no page load lies between.
import { refresh } from "./live.js";
import { isTyping } from "./scan.js";
import { listenForGesture, sound } from "./sound.js";

const now = document.getElementById("now");
let told = read();

function read() {
  const state = now.querySelector("[data-issued]");
  return { issued: Number(state.dataset.issued), failed: state.dataset.failed };
}

now.addEventListener("swapped", () => {
  const state = read();
  if (state.issued > told.issued) sound("green");
  else if (state.failed && state.failed !== told.failed) sound("red");
  told = state;
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isTyping(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.repeat || document.querySelector("dialog[open]")) return;
  const button = now.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (button) { event.preventDefault(); button.click(); }
});

// Forms marked data-quiet are sent without leaving the page: its sound would need a touch again.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  if (!answer?.ok) { form.submit(); return; }
  for (const part of document.querySelectorAll("[data-live]")) refresh(part).catch(() => {});
});

listenForGesture();
