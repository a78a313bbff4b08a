/**
 * What the demo site does besides being read: it starts the tracker, shows its overlay to who asks for it with `?dev=1`,
 * answers its forms, and shows layers of the map.
 */
import { start, track } from "passerby-tracker";
import { capture } from "passerby-tracker/auto";
import { watchDevMode } from "passerby-tracker/dev";
import "./site.css";

// The server of the demo names the collector in each page; a site of its own sets VITE_API_BASE_URL as it is built.
const api = document.querySelector<HTMLMetaElement>('meta[name="passerby-api"]')?.content;
start(api ? { apiBaseUrl: api } : {});
// There is nothing to search or to download here.
capture({ search: false, download: false });
watchDevMode();

for (const box of document.querySelectorAll<HTMLInputElement>("input[data-layer]")) {
  const { layer = "" } = box.dataset;
  box.addEventListener("change", () => {
    document.querySelector(`.map .${layer}`)?.classList.toggle("hidden", !box.checked);
    track("layer_toggled", { layer, shown: box.checked });
  });
}

// What these buttons track is declared in the page.
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-passerby-plan]")) {
  button.addEventListener("click", () => {
    const notice = document.querySelector<HTMLDialogElement>("#plan-notice");
    const name = notice?.querySelector(".plan-name");
    if (name) name.textContent = button.dataset["passerbyPlan"] ?? "";
    notice?.showModal();
  });
}

document.querySelector<HTMLFormElement>("#newsletter")?.addEventListener("submit", (event) => {
  event.preventDefault();
  // That somebody signed up, not who: the address never leaves the form.
  track("newsletter_signup");
  const answer = document.querySelector("#newsletter-answer");
  if (answer) answer.textContent = "Thank you. This shop is a demonstration, so your address went nowhere.";
  if (event.target instanceof HTMLFormElement) event.target.reset();
});
