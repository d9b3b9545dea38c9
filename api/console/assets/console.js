// What a link and a form cannot do. Every page works without, too.
"use strict";

const shown = (part) => {
  for (const button of part.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
};

// The clipboard is there on https and on this machine alone; elsewhere the text is marked, to be copied by hand.
const copy = async (button) => {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    const text = button.previousElementSibling ?? button.parentElement.previousElementSibling;
    getSelection().selectAllChildren(text);
    button.textContent = "Marked";
  }
  setTimeout(() => { button.textContent = before; }, 2000);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
document.addEventListener("htmx:load", (event) => shown(event.detail.elt));
shown(document);

// What is wrong with a field stands beside it; whoever hears the page hears that it is wrong.
document.addEventListener("htmx:afterSettle", () => {
  for (const said of document.querySelectorAll(".said[id^='said-']")) {
    const field = document.getElementById(said.id.slice("said-".length));
    if (!field) continue;
    if (said.textContent) {
      field.setAttribute("aria-invalid", "true");
      field.closest("details")?.setAttribute("open", "");
    } else field.removeAttribute("aria-invalid");
  }
});
