// The post: a scan from a wedge, from the gateway's scanner or by hand becomes one verdict that fills the screen.
import { onScan } from "./scan.js";
import { sound } from "./sound.js";

const stage = document.getElementById("stage");

function show(html) {
  stage.innerHTML = html;
  const verdict = stage.querySelector("[data-colour]");
  sound(verdict?.dataset.colour);
  tally();
  (stage.querySelector("[autofocus]") ?? stage.querySelector("h2"))?.focus();
}

async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const action = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
  const answer = await fetch(action, { method: "POST", headers: { "X-Partial": "1" }, body });
  if (answer.redirected || answer.status === 401) { location.reload(); return; }
  show(await answer.text());
}

async function scanned(text) {
  const form = document.getElementById("scan");
  if (!form) { await ready(); return scanned(text); }
  form.elements.text.value = text;
  return send(form);
}

async function ready() {
  const answer = await fetch(location.pathname, { headers: { "X-Partial": "1" } });
  if (answer.redirected) location.reload();
  else show(await answer.text());
}

const say = (promise) => promise.then(
  () => { document.querySelector("[data-lost-line]").hidden = true; },
  () => { document.querySelector("[data-lost-line]").hidden = false; },
);

onScan((text) => say(scanned(text)));

document.addEventListener("news", (event) => {
  const { kind, data } = event.detail;
  if (kind === "scan" && data.post === stage.dataset.post) say(scanned(data.text));
});

stage.addEventListener("submit", (event) => {
  event.preventDefault();
  say(send(event.target, event.submitter));
});

stage.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) {
    const field = button.parentElement.querySelector("input");
    field.value = Math.min(Number(field.max), Math.max(1, Number(field.value) + Number(button.dataset.step)));
  }
  if (event.target.closest("[data-tick-all]")) tickAll();
  if (event.target.closest("[data-back]")) { event.preventDefault(); say(ready()); }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !stage.querySelector("[data-colour]")) return;
  event.preventDefault();
  say(ready());
}, { capture: true });

// Each line is ticked before the goods may go: all of them, or what is on this trip where several are allowed.
const ticks = () => [...stage.querySelectorAll("[data-tick]")];
const deed = () => stage.querySelector("[data-release]");

function tally() {
  const count = stage.querySelector("[data-ticked]");
  if (!count) return;
  const ticked = ticks().filter((tick) => tick.checked).length;
  count.textContent = ticked;
  deed().disabled = ticked === 0 || ticks().some((tick) => tick.required && !tick.checked);
}

function tickAll() {
  for (const tick of ticks()) tick.checked = true;
  for (const field of stage.querySelectorAll(".stepper input")) field.value = field.max;
  tally();
  deed().focus();
}

stage.addEventListener("change", tally);
tally();

// Enter ticks the next line, and after the last goes on to the button: it takes one more to release.
// So a scanner that sends Enter twice never releases.
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || !stage.querySelector("[data-ticked]")) return;
  if (target !== document.body && !(stage.contains(target) && !target.closest("button, a"))) return;
  event.preventDefault();
  if (event.repeat) return;
  const next = ticks().find((tick) => !tick.checked);
  if (!next) { deed().focus(); return; }
  next.checked = true;
  tally();
  (ticks().some((tick) => !tick.checked) ? next : deed()).focus();
});

// The screen of a post does not go dark while someone works at it.
async function stayAwake() {
  if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
  await navigator.wakeLock.request("screen").catch(() => {}); // refused on low battery: nothing to do
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

document.querySelector("[data-full-screen]")?.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
});
