// What all pages share. Keys for people who use the console all day: "/" searches, "g" and a letter goes to a page.
"use strict";
(() => {
  let going = false;
  document.addEventListener("keydown", (event) => {
    const inField = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
    if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
    if (going) {
      going = false;
      const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === "/") { event.preventDefault(); document.getElementById("search")?.focus(); }
    if (event.key === "g") { going = true; setTimeout(() => { going = false; }, 1200); }
  });
  // What scrolls sideways can be reached, and so scrolled, by the keyboard.
  const reach = () => {
    for (const card of document.querySelectorAll(".card")) {
      if (card.scrollWidth > card.clientWidth) card.tabIndex = 0;
      else card.removeAttribute("tabindex");
    }
  };
  for (const moment of ["resize", "load"]) window.addEventListener(moment, reach);
  document.addEventListener("htmx:afterSettle", reach);
  reach();
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset?.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
})();
