// Says on the page whether a draft is saved; what could not be saved stays in the form and is sent with the next change.
"use strict";

const KEPT = "What you wrote is kept on this page and is sent with your next change.";

function tell(words, failed) {
  const place = document.getElementById("saved");
  place.className = failed ? "callout bad" : "muted";
  place.textContent = words;
}

document.addEventListener("htmx:before:request", (event) => {
  if (event.target.classList.contains("draft")) tell("Saving …", false);
});

document.addEventListener("htmx:response:error", (event) => {
  const expired = event.detail.ctx.response.status === 401;
  tell(`Not saved${expired ? ": your session has ended. Sign in again in another tab" : ""}. ${KEPT}`, true);
});

document.addEventListener("htmx:error", () => tell(`Not saved: the portal does not answer. ${KEPT}`, true));
