// Sends the calls of the page that tries the admin API, and shows what they answer.
"use strict";
(() => {
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
  document.querySelectorAll("form.try").forEach((form) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = form.querySelector(".answer");
      const headers = { "X-CSRF-Token": csrf };
      const query = new URLSearchParams();
      let path = form.dataset.path;
      let body;
      for (const [name, value] of new FormData(form)) {
        const [kind, key] = name.split(":");
        if (kind === "path") path = path.replace(`{${key}}`, encodeURIComponent(value));
        if (kind === "query" && value) query.set(key, value);
        if (kind === "header" && value) headers[key] = value;
        if (kind === "body") { body = value; headers["Content-Type"] = "application/json"; }
      }
      answer.hidden = false;
      answer.textContent = "…";
      try {
        const said = await fetch(path + (query.size ? `?${query}` : ""), { method: form.dataset.method, headers, body });
        let text = await said.text();
        try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON: shown as it is */ }
        answer.textContent = `${said.status} ${said.statusText}\n\n${text.slice(0, 100000)}`;
      } catch (fault) {
        answer.textContent = `The gateway cannot be reached: ${fault.message}`;
      }
    });
  });
})();
