// Finds variables among those offered, and picks all of a table; without this, all of them are listed and picked one by one.
"use strict";

const pickers = document.getElementById("pickers");

for (const hidden of document.querySelectorAll("[data-with-script]")) hidden.hidden = false;

function find(words) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const picker of pickers.querySelectorAll("details.picker")) {
    let found = 0;
    for (const row of picker.querySelectorAll("tbody tr")) {
      const said = row.textContent.toLowerCase();
      row.hidden = !parts.every((part) => said.includes(part));
      if (!row.hidden) found += 1;
    }
    picker.hidden = found === 0;
    if (parts.length && found) picker.open = true;
  }
}

document.getElementById("find-variable").addEventListener("input", (event) => {
  event.stopPropagation();
  find(event.target.value);
});

pickers.addEventListener("click", (event) => {
  if (!event.target.matches("[data-pick-all]")) return;
  const boxes = [...event.target.closest("details").querySelectorAll('tbody input[type="checkbox"]')];
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
});
