// Says on the page when a draft could not be saved; what was written stays in the form and is sent with the next change.
"use strict";

const saved = () => document.getElementById("saved");

function tell(words) {
  const place = saved();
  place.className = "callout bad";
  place.textContent = words;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.classList.contains("draft")) saved().textContent = "Saving …";
});

document.addEventListener("htmx:responseError", (event) => {
  const expired = event.detail.xhr.status === 401;
  tell(
    expired
      ? "Not saved: your session has ended. Sign in again in another tab, then change anything here: what you wrote is kept on this page."
      : "Not saved. What you wrote is kept on this page and is sent with your next change.",
  );
});

document.addEventListener("htmx:sendError", () => {
  tell("Not saved: the portal does not answer. What you wrote is kept on this page and is sent with your next change.");
});
