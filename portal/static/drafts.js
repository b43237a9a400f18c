// Says on the page whether a draft is saved; what could not be saved stays in the form and is sent with the next change.
// Where the session has ended, it is kept in this tab until the same person has signed in again, and is saved then.
"use strict";

const KEPT = "What you wrote is kept on this page and is sent with your next change.";
const writer = () => document.getElementById("saved").dataset.writer;
const shelf = () => `draft ${location.pathname} ${writer()}`;

function tell(words, failed) {
  const place = document.getElementById("saved");
  place.className = failed ? "callout bad" : "muted";
  place.textContent = words;
  return place;
}

function written(form) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "form_token");
  return [form.id, fields];
}

function keep() {
  const drafts = [...document.querySelectorAll("form.draft.touched")].map(written);
  sessionStorage.setItem(shelf(), JSON.stringify(drafts));
}

function putBack(form, fields) {
  const said = new Map(fields);
  for (const field of form.elements) {
    if (!field.name || field.name === "form_token") continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = said.get(field.name) === field.value;
    else if (said.has(field.name)) field.value = said.get(field.name);
  }
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

function restore() {
  const kept = sessionStorage.getItem(shelf());
  if (!kept) return;
  sessionStorage.removeItem(shelf());
  for (const [id, fields] of JSON.parse(kept)) {
    const form = document.getElementById(id);
    if (form) putBack(form, fields);
  }
}

function askToSignIn() {
  keep();
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Sign in again";
  link.addEventListener("click", keep);
  tell("Not saved: your session has ended. ", true).append(link, " and you come back here; what you wrote is kept.");
}

document.addEventListener("input", (event) => event.target.form?.classList.add("touched"));

document.addEventListener("htmx:before:request", (event) => {
  if (event.target.classList.contains("draft")) tell("Saving …", false);
});

document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.response.status === 401) askToSignIn();
  else tell(`Not saved. ${KEPT}`, true);
});

document.addEventListener("htmx:error", () => tell(`Not saved: the portal does not answer. ${KEPT}`, true));

// After htmx, which begins to listen in a task of its own once the page is there.
window.addEventListener("load", () => setTimeout(restore));
