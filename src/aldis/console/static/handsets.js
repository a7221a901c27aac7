// The page "Handsets": conversations that follow what arrives.
"use strict";
(() => {
  const page = document.querySelector(".handsets");
  const bubbles = document.getElementById("bubbles");
  if (!page || !bubbles) return;
  const toEnd = () => { bubbles.scrollTop = bubbles.scrollHeight; };
  toEnd();

  async function refresh() {
    const number = page.dataset.number;
    if (!number) { location.reload(); return; }
    const answer = await fetch(`/handsets/${number}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    const isAtEnd = bubbles.scrollHeight - bubbles.scrollTop - bubbles.clientHeight < 60;
    bubbles.replaceChildren(...part.getElementById("bubbles-new").children);
    const list = document.getElementById("phone-list");
    list.replaceChildren(list.firstElementChild, ...part.getElementById("phone-list-new").children);
    if (isAtEnd) toEnd();
  }

  let source = null;
  function listen() {
    source?.close();
    source = new EventSource("/handsets/live");
    source.addEventListener("open", refresh);  // what came since the page was written was told to nobody
    source.addEventListener("changed", refresh);
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000); });
  }
  // See now.js: a browser opens six connections to one address.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close(); else listen();
  });
  listen();
})();
