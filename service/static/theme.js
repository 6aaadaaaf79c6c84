// The theme that this browser keeps: light, dark, or as the system. It isn't deferred, so that
// nothing is drawn in another theme first. Where nothing can be kept, or the style sheet's
// `light-dark()` isn't known, there is no switch.
"use strict";

(() => {
  const KEPT = "massilia.theme";
  const FIXED = ["light", "dark"];
  const root = document.documentElement;

  function apply(kept) {
    root.dataset.theme = FIXED.includes(kept) ? kept : "system";
    for (const bar of document.querySelectorAll("[name=theme-color]")) {
      const its = bar.dataset.of;
      const system = `(prefers-color-scheme: ${its})`;
      bar.media = root.dataset.theme === "system" ? system : root.dataset.theme === its ? "all" : "not all";
    }
    const chosen = document.querySelector(`.theme [value=${root.dataset.theme}]`);
    if (chosen) chosen.checked = true;
  }

  function read() {
    try {
      apply(localStorage.getItem(KEPT));
    } catch {
      // Refused by the browser.
    }
  }

  function choose({ target }) {
    apply(target.value);
    try {
      if (FIXED.includes(target.value)) localStorage.setItem(KEPT, target.value);
      else localStorage.removeItem(KEPT);
    } catch {
      // Full: it holds for this page.
    }
  }

  function open() {
    read();
    const theme = document.querySelector(".theme");
    theme.addEventListener("change", choose);
    theme.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !theme.open) return;
      // It stops no search.
      event.stopPropagation();
      theme.open = false;
      theme.querySelector("summary").focus();
    });
    for (const left of ["focusin", "pointerdown"]) {
      addEventListener(left, ({ target }) => { if (!theme.contains(target)) theme.open = false; });
    }
  }

  if (!CSS.supports("color", "light-dark(#000, #fff)")) return;
  read();
  addEventListener("DOMContentLoaded", open);
  // Chosen on another page, in another tab or before this one was come back to.
  addEventListener("storage", read);
  addEventListener("pageshow", ({ persisted }) => { if (persisted) read(); });
})();
