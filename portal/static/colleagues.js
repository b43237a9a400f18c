// Offers colleagues by name where a team asks for user names; without this, the directory's own page finds them.
"use strict";

const choices = document.getElementById("colleagues");
const PAUSE = 250;
let asked;

async function offer(words) {
  const answer = await fetch(`/directory?words=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } });
  if (answer.ok) choices.innerHTML = await answer.text();
}

function chosen(box) {
  const choice = [...choices.options].find((option) => option.value === box.value);
  const organisation = box.closest("tr").querySelector('input[name$=".organisation"]');
  if (choice && !organisation.value) organisation.value = choice.dataset.organisation;
}

for (const box of document.querySelectorAll('input[list="colleagues"]')) {
  box.addEventListener("input", () => {
    clearTimeout(asked);
    chosen(box);
    if (box.value.length > 1) asked = setTimeout(offer, PAUSE, box.value);
  });
}
