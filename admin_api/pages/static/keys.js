// `/` goes to the search field, `?` shows the keys, Esc goes back; Alt+1…4 change rooms.
import { isTyping } from "./scan.js";

const help = document.getElementById("keys");

function goBack() {
  const back = document.querySelector("[data-back]");
  if (back) location.assign(back.href);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (isTyping(event.target)) event.target.blur();
    else goBack();
    return;
  }
  if (event.altKey && /^[1-9]$/.test(event.key)) {
    const link = document.querySelectorAll(".nav a")[Number(event.key) - 1];
    if (link) { event.preventDefault(); location.assign(link.href); }
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey) return;
  if (event.key === "/") {
    const field = document.querySelector("[data-search]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  if (event.key === "?" && help && !help.open) help.showModal();
});

document.querySelector("[data-show-keys]")?.addEventListener("click", () => help?.showModal());
