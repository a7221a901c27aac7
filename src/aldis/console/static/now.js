// The page "Now": numbers that come by server-sent events, and charts of the hour and the day.
"use strict";
(() => {
  const FIELDS = ["at", "accepted", "sent", "inbound", "delivered", "undelivered", "told", "queued", "pending"];
  const PRIORITIES = { 3: "interactive", 2: "interactive low", 1: "bulk", 0: "bulk low" };
  const LONGEST_S = 3600;
  const GAP_S = { hour: 10, day: 150 };
  const CHARTS = {
    flow: [["accepted", "--accent"], ["sent", "--good"], ["inbound", "--warn"]],
    receipts: [["delivered", "--good"], ["undelivered", "--bad"]],
    queue: [["queued", "--accent"], ["pending", "--warn"]],
  };
  const liveness = document.getElementById("liveness");
  let span = "hour";
  let columns = FIELDS.map(() => []);
  let charts = [];

  const count = (value) => value.toLocaleString("en-US", { maximumFractionDigits: value && Math.abs(value) < 10 ? 1 : 0 });
  const time = (at) => new Date(at * 1000).toISOString().slice(11, 19);
  const put = (root, name, text) => {
    const where = root.querySelector(`[data-now="${name}"]`);
    if (where && where.textContent !== text) where.textContent = text;
  };
  const tag = (text, kind) => { const made = document.createElement("span"); made.className = `tag ${kind}`; made.textContent = text; return made; };

  const byPriority = (queued) => Object.entries(queued).filter(([, many]) => many).sort(([a], [b]) => b - a)
    .map(([priority, many]) => `${PRIORITIES[priority]} ${count(many)}`).join(" · ") || "nothing";

  function showTiles(now) {
    const sample = Object.fromEntries(FIELDS.map((field, at) => [field, now.sample[at]]));
    const tiles = document.getElementById("now");
    for (const field of ["accepted", "sent", "inbound", "queued", "pending", "told"]) put(tiles, field, count(sample[field]));
    put(tiles, "share", now.delivered_share === null ? "–" : `${(now.delivered_share * 100).toFixed(1)} %`);
    put(tiles, "priorities", byPriority(now.queued));
    liveness.textContent = `live, ${time(sample.at)} UTC`;
    liveness.className = "tag good";
    return sample;
  }

  function showLinks(links) {
    const rows = document.querySelectorAll("#links tbody tr");
    if (rows.length !== links.length) { if (links.length) location.reload(); return; }
    links.forEach((link, at) => {
      const cell = (field) => rows[at].querySelector(`[data-field="${field}"]`);
      cell("binds").replaceChildren(...link.binds.flatMap((bind) => [tag(bind, (bind === "bound" || bind === "reachable") ? "good" : "bad"), " "]));
      cell("meter").value = link.in_flight;
      cell("window").textContent = `${count(link.in_flight)} / ${count(link.window)}`;
      cell("waiting").textContent = count(Object.values(link.queued).reduce((sum, many) => sum + many, 0));
      cell("priorities").textContent = byPriority(link.queued);
      cell("per_s").textContent = count(link.per_s);
      cell("not_taken").textContent = count(link.not_taken_per_s);
      if (link.slowed_to) cell("limit").replaceChildren(tag(`slowed to ${count(link.slowed_to)}`, "warn"));
      else cell("limit").textContent = link.limit ? count(link.limit) : "none";
      if (link.last_error) cell("error").textContent = `${link.last_error}, ${time(link.last_error_at / 1000)}`;
    });
  }

  const column = (field) => columns[FIELDS.indexOf(field)];
  const dataOf = (name) => [column("at"), ...CHARTS[name].map(([field]) => column(field))];

  function draw() {
    charts.forEach((chart) => chart.plot.destroy());
    const colours = getComputedStyle(document.documentElement);
    const colour = (name) => colours.getPropertyValue(name).trim();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    charts = [...document.querySelectorAll(".chart")].map((where) => {
      const name = where.dataset.chart;
      const plot = new uPlot({
        width: where.clientWidth, height: 205, padding: [8, 26, 0, 0], cursor: { y: false, drag: { x: false, y: false } },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
        scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
        axes: [{ ...axis, values: (plot, ticks) => ticks.map((tick) => time(tick).slice(0, plot.scales.x.max - plot.scales.x.min > 300 ? 5 : 8)) }, { ...axis, size: 56, values: (_plot, ticks) => ticks.map((tick) => tick.toLocaleString("en-US")) }],
        series: [{ value: (_plot, at) => (at === null ? "–" : `${time(at)} UTC`) },
          ...CHARTS[name].map(([field, stroke]) => ({ label: field, stroke: colour(stroke), width: 1.5, points: { show: false }, value: (_plot, value) => (value === null || value === undefined ? "–" : count(value)) }))],
      }, dataOf(name), where);
      return { name, plot, where };
    });
  }

  // Where nothing was sampled there is a gap and no line.
  function withGaps(given) {
    const found = given.map(() => []);
    given[0].forEach((at, row) => {
      if (row && at - given[0][row - 1] > GAP_S[span]) found.forEach((values, field) => values.push(field ? null : at - 1));
      found.forEach((values, field) => values.push(given[field][row]));
    });
    return found;
  }

  let loadedAt = 0;
  async function load() {
    const answer = await fetch(`/live/history?span=${span}`);
    if (!answer.ok) return;
    columns = withGaps((await answer.json()).columns);
    draw();
  }

  function add(sample) {
    if (span === "day" && Math.floor(sample.at / 60) !== loadedAt) { loadedAt = Math.floor(sample.at / 60); load(); }
    if (span !== "hour" || (column("at").at(-1) ?? 0) >= sample.at) return;
    FIELDS.forEach((field, at) => { columns[at].push(sample[field]); if (columns[at].length > LONGEST_S) columns[at].shift(); });
    charts.forEach((chart) => chart.plot.setData(dataOf(chart.name)));
  }

  let source = null;
  function listen() {
    source?.close();
    source = new EventSource("/live");
    source.addEventListener("now", (message) => {
      const now = JSON.parse(message.data);
      add(showTiles(now));
      showLinks(now.links);
    });
    source.addEventListener("error", () => {
      liveness.textContent = "not live: the gateway does not answer";
      liveness.className = "tag warn";
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    });
  }

  document.querySelectorAll("[data-span]").forEach((button) => button.addEventListener("click", () => {
    span = button.dataset.span;
    document.querySelectorAll("[data-span]").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
    load();
  }));
  // A browser opens six connections to one address: pages that nobody looks at must not hold them.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close(); else { listen(); load(); }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", () => charts.forEach((chart) => chart.plot.setSize({ width: chart.where.clientWidth, height: 205 })));
  listen();
  load();
})();
