// The post: a scan from a wedge, from the gateway's scanner or by hand becomes one verdict that fills the screen.
import { onScan } from "./scan.js";
import { sound } from "./sound.js";

const stage = document.getElementById("stage");

function show(html) {
  stage.innerHTML = html;
  const verdict = stage.querySelector("[data-colour]");
  sound(verdict?.dataset.colour);
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
    field.value = Math.min(Number(field.max), Math.max(0, Number(field.value) + Number(button.dataset.step)));
  }
  if (event.target.closest("[data-back]")) { event.preventDefault(); say(ready()); }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !stage.querySelector("[data-colour]")) return;
  event.preventDefault();
  say(ready());
}, { capture: true });

// Enter in a field goes on to the button: a scanner that sends it twice must never release.
stage.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.form?.id !== "release") return;
  event.preventDefault();
  stage.querySelector(".deed .primary").focus();
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
