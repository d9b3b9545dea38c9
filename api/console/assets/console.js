// What a link and a form cannot do. Every page works without, too.
"use strict";

const shown = (part) => {
  for (const button of part.querySelectorAll("button.copy[hidden]")) button.hidden = false;
};

// The clipboard is there on https and on this machine alone; elsewhere the text is marked, to be copied by hand.
const copy = async (button) => {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Marked";
  }
  setTimeout(() => { button.textContent = before; }, 2000);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});
document.addEventListener("htmx:load", (event) => shown(event.detail.elt));
shown(document);
