// The print button; the page prints well without it too.
document.querySelector("[data-print]")?.addEventListener("click", () => print());
