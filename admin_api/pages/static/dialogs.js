// A link marked data-dialog opens the page it leads to in a dialog; without script it is simply that page.

const dialog = document.createElement("dialog");
dialog.setAttribute("aria-label", "");
document.body.append(dialog);
dialog.addEventListener("close", () => dialog.replaceChildren());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-back]")) {
    event.preventDefault();
    dialog.close();
  }
});

async function open(link) {
  const answer = await fetch(link.href, { headers: { "X-Partial": "1" } });
  if (!answer.ok || answer.redirected) { location.assign(link.href); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  dialog.replaceChildren(...page.body.childNodes);
  dialog.setAttribute("aria-label", dialog.querySelector("h1")?.textContent ?? "");
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]") ?? dialog.querySelector("input:not([type=hidden]), select, button");
  first?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link).catch(() => location.assign(link.href));
});

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
