// The bench: draws the state the simulators push, sends what the person does.
import { STRINGS } from "./strings.js";

const $ = (id) => document.getElementById(id);
let language = localStorage.getItem("language") || pick(navigator.languages);
let chosen = sessionStorage.getItem("card");
let state = null;

function pick(wanted) {
  for (const tag of wanted) {
    if (/^zh-(Hant|TW|HK|MO)/i.test(tag)) return "zh-Hant";
    if (/^zh/i.test(tag)) return "zh-Hans";
    if (/^en/i.test(tag)) return "en";
  }
  return "en";
}

function t(key, value) {
  const text = STRINGS[language][key] ?? key;
  return value === undefined ? text : text.replace("%s", value);
}

function el(tag, { attrs, ...props } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  for (const [name, value] of Object.entries(attrs ?? {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

async function act(path, body = {}) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
    .catch(() => null);
  if (!answer) return say(t("gone"));
  const result = await answer.json();
  say(answer.ok ? "" : result.detail);
}

function say(text) { $("link").textContent = text; }

function button(text, id, onclick, disabled = false) {
  return el("button", { type: "button", textContent: text, onclick, disabled, attrs: { "data-key": id } });
}

function withCard(path, extra) {
  return () => (chosen ? act(path, { uid: chosen, ...extra }) : say(t("choose")));
}

function spaced(uid) { return uid.match(/../g).join(" "); }

function drawCards() {
  return state.cards.map((card) => el("button", {
    type: "button", className: "chip",
    attrs: { role: "radio", "aria-checked": String(card.uid === chosen), "data-key": `card-${card.uid}` },
    onclick: () => { chosen = card.uid; sessionStorage.setItem("card", chosen); draw(); },
  }, el("span", { textContent: card.label }),
  el("small", { textContent: spaced(card.uid) + (state.encoder === card.uid ? ` · ${t("on_encoder")}` : "") })));
}

const ARM = { closed: 0, opening: 40, open: 75, closing: 40, held_open: 75 };

function stands(portal) {
  return t(portal.gate === "open" ? "gate_open" : portal.gate === "closed" ? "gate_closed" : "moving");
}

function lane(portal) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 320 112");
  svg.setAttribute("class", "lane");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", stands(portal));
  const angle = ARM[portal.gate] ?? 0;
  const x = portal.car === "before" ? 20 : 150;
  svg.innerHTML = `<rect x="0" y="104" width="320" height="2" fill="var(--line)"/>
    <rect x="100" y="70" width="12" height="34" rx="2" fill="var(--soft)"/>
    <line x1="106" y1="76" x2="206" y2="76" stroke="${angle > 60 ? "var(--good)" : "var(--bad)"}" transform="rotate(${-angle} 106 76)"/>
    ${portal.car ? `<g fill="var(--accent)"><rect x="${x}" y="86" width="52" height="14" rx="4"/>
      <rect x="${x + 10}" y="76" width="30" height="12" rx="4"/></g>` : ""}`;
  return svg;
}

function door(portal) {
  const open = portal.gate === "open";
  return el("span", { className: `door ${open ? "good" : ""}`, textContent: `${open ? "▯" : "▮"} ${stands(portal)}` });
}

function lastOf(portal) {
  if (!portal.last) return null;
  const word = portal.last.granted ? t("granted") : t("denied");
  return el("span", { className: `verdict ${portal.last.granted ? "good" : "bad"}`,
    textContent: `${portal.last.granted ? "✓" : "✕"} ${word} ${spaced(portal.last.uid)}` });
}

function drawPortals() {
  return state.portals.map((portal) => el("div", { className: "row", attrs: { "data-portal": portal.id } },
    el("div", {}, el("strong", { textContent: portal.name }),
      el("small", { textContent: `${portal.id} · ${portal.controller ?? t("wired")}${portal.lamp ? ` · ${t("lamp")}: ${t(portal.lamp)}` : ""}` }),
      el("div", {}, lastOf(portal))),
    el("div", { className: "acts" },
      portal.barrier ? null : door(portal),
      button(t("hold"), `hold-${portal.id}`, withCard("hold", { portal: portal.id })),
      portal.barrier ? button(t("drive"), `drive-${portal.id}`, () => act("drive", { portal: portal.id })) : null,
      portal.barrier ? button(t("pass"), `pass-${portal.id}`, () => act("pass", { portal: portal.id })) : null),
    portal.barrier ? lane(portal) : null));
}

function drawEncoder() {
  const row = el("div", { className: "row" },
    el("small", { textContent: state.encoder ? t("lies", spaced(state.encoder)) : t("empty") }),
    el("div", { className: "acts" },
      state.encoder ? button(t("lift"), "lift", () => act("lift")) : button(t("lay"), "lay", withCard("lay", {}))));
  return [row];
}

function drawDevices() {
  return state.devices.map((device) => el("div", { className: "row" },
    el("div", {}, el("strong", { textContent: device.name }),
      el("small", { className: device.plugged ? "" : "bad", textContent: t(device.plugged ? "plugged" : "unplugged") })),
    button(t(device.plugged ? "unplug" : "plug"), `plug-${device.name}`,
      () => act(device.plugged ? "unplug" : "plug", { device: device.name }))));
}

function drawControllers() {
  return state.controllers.map((box) => {
    const held = Object.entries(box.lists).map(([list, version]) => `${list} ${t("version")} ${version}`).join(", ");
    const waiting = box.waiting ? ` · ${t("waiting", box.waiting)}` : "";
    return el("div", { className: "row" },
      el("div", {}, el("strong", { textContent: box.id }),
        el("small", { className: box.cut ? "wait" : "", textContent: `${t(box.cut ? "isolated" : "connected")} · ${held}${waiting}` })),
      button(t(box.cut ? "mend" : "cut"), `cut-${box.id}`, () => act(box.cut ? "mend" : "cut", { controller: box.id })));
  });
}

function drawLog() {
  if (!state.log.length) return [el("li", { textContent: t("nothing") })];
  return state.log.map((line) => el("li", {},
    el("time", { textContent: new Date(line.at * 1000).toLocaleTimeString(language) }),
    el("span", { className: line.tone ?? "", textContent: `${line.where} · ${t(line.what)}${line.detail ? ` · ${line.detail}` : ""}` })));
}

// Redraws one part and keeps the keyboard where it was.
function put(id, nodes) {
  const key = document.activeElement?.dataset?.key;
  $(id).replaceChildren(...nodes);
  if (key && document.activeElement === document.body) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function draw() {
  if (!state) return;
  if (!state.cards.some((card) => card.uid === chosen)) chosen = null;
  put("cards", drawCards());
  put("portals", drawPortals());
  put("encoder", drawEncoder());
  put("devices", drawDevices());
  put("controllers", drawControllers());
  put("log", drawLog());
  $("traffic").checked = state.traffic;
}

function translate() {
  document.documentElement.lang = language;
  document.title = `${t("title")} · Gatehouse`;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
  draw();
}

for (const node of document.querySelectorAll("[data-language]")) {
  node.onclick = () => { language = node.dataset.language; localStorage.setItem("language", language); translate(); };
}
$("traffic").onchange = (event) => act("traffic", { on: event.target.checked });
$("scan").onsubmit = (event) => { event.preventDefault(); act("scan", { text: new FormData(event.target).get("text") }); };
$("new-card").onsubmit = (event) => {
  event.preventDefault();
  act("cards", { uid: new FormData(event.target).get("uid") });
  event.target.reset();
};
document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !event.target.matches("[role=radio]")) return;
  event.preventDefault();
  const chips = [...document.querySelectorAll("[role=radio]")];
  const next = chips[(chips.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : chips.length - 1)) % chips.length];
  next.focus();
  next.click();
});

const stream = new EventSource("stream");
stream.onmessage = (event) => { state = JSON.parse(event.data); say(""); draw(); };
stream.onerror = () => say(t("gone"));
translate();
