// One example: its picture, what others say, its loss as training went, its neighbours, where it stands in every score.
const dialog = byId("card");
const sorted = {};

function percentile(name, value) {
  sorted[name] ??= Float64Array.from(rows, (row) => row[name] ?? NaN).filter((v) => !Number.isNaN(v)).sort();
  const all = sorted[name];
  const edge = (inside) => { let a = 0, b = all.length; while (a < b) { const m = (a + b) >> 1; if (inside(all[m])) a = m + 1; else b = m; } return a; };
  return (100 * (edge((v) => v < value) + edge((v) => v <= value))) / 2 / all.length; // ties share their middle rank
}

function kin(title, list, what) {
  if (!list?.length) return [];
  const items = list.map(([k, value, low, high]) => {
    const ends = low === undefined || low === null ? "" : ` [${short(low)}, ${short(high)}]`;
    return h("li", {}, h("button", { class: "tile", type: "button", onclick: () => open(k) }, picture(k, 56, rows[k].id),
      h("span", { class: "line" }, h("b", {}, label(rows[k].given)), ` ${what(value)}${ends}`), h("span", { class: "line quiet" }, `id ${rows[k].id}`)));
  });
  return [h("h3", {}, title), h("ul", { class: "kin" }, items)];
}
const signed = (v) => (v > 0 ? "+" : "") + short(v);
const fine = (v) => (Math.abs(v) >= 0.01 ? signed(v) : (v > 0 ? "+" : "") + v.toPrecision(2).replaceAll("-", "−"));

function ranks(row) {
  const lines = page.scores.filter((s) => row[s.name] !== null && !Number.isNaN(row[s.name])).map((s) => {
    const rank = percentile(s.name, row[s.name]);
    return h("div", { title: s.higher ? `higher means ${s.higher}` : null }, h("span", {}, plain(s.name), h("span", { class: "quiet" }, ` ${shown(s.name, row[s.name])}`)),
      h("span", { class: "rail", role: "img", "aria-label": `percentile ${rank.toFixed(0)}` }, h("i", { style: `width:${rank.toFixed(1)}%` })), h("span", { class: "n quiet" }, `${rank.toFixed(0)} %`));
  });
  return [h("h3", {}, "Scores, with the share of examples that lie below"), h("div", { class: "ranks" }, lines)];
}

function facts(row) {
  const list = [[page.regression ? "target" : "given label", label(row.given)]];
  if (row.asked) list.push(["held-out models say", page.regression ? `${label(row.others)} (mean of ${row.asked})` : `${label(row.others)} (${votes(row)})`]);
  if ("memorization" in score) list.push(["memorization", memorized(row)]);
  list.push(["findings", row.codes.length ? row.codes.map((c) => (group[c] ? `${c} ${group[c].title}` : c)).join(", ") : "none"]);
  return h("dl", {}, list.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

async function copied(button, text) {
  const was = button.textContent;
  try { await navigator.clipboard.writeText(text); } catch { // from disk, some browsers offer only the old way
    const area = h("textarea", { style: "position:fixed;opacity:0" });
    area.value = text;
    (dialog.open ? dialog : document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "copied";
  setTimeout(() => (button.textContent = was), 1200);
}

function open(k) {
  const row = rows[k], more = page.cards[k];
  const order = page.groups.flatMap((g) => g.rows).filter((r) => !chosen.rows || chosen.rows.has(r));
  const at = order.indexOf(k);
  const step = (by, text, name) => h("button", { class: "do", type: "button", "aria-label": name, disabled: at < 0 || !(at + by in order), onclick: () => open(order[at + by]) }, text);
  const copy = h("button", { class: "do", type: "button", onclick: (e) => copied(e.currentTarget, row.id) }, "copy id");
  const held = dialog.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  dialog.replaceChildren(h("div", { class: "card" },
    h("div", { class: "top" }, h("h2", { id: "card-title" }, `Example ${row.id}`), step(-1, "‹", "previous example"), step(1, "›", "next example"), copy,
      h("button", { class: "do", type: "button", "aria-label": "close", onclick: () => dialog.close() }, "×")),
    h("div", { class: "first" }, h("div", {}, picture(k, 160, row.id), facts(row)),
      more?.loss ? h("figure", {}, h("figcaption", {}, "Its loss ", h("small", {}, "over the middle 80 % of all examples")), h("div", { class: "chart", id: "card-chart" })) : h("p", { class: "quiet" }, "Loss by epoch is kept in the page for the notable examples; the run folder has everyone's.")),
    kin("Nearest training examples, as the network sees them", more?.neighbours, (v) => `at ${short(v)}`),
    kin("Training examples whose presence changes its answer most", more?.influential, signed),
    more?.influential?.length ? h("p", {}, h("small", {}, `+ makes the given label more often right, with its 95 % interval; these are the largest of ${count(rows.length - 1)} estimates, so some are large by chance.`)) : null,
    kin("Training examples that most help its prediction", more?.helpful, fine),
    kin("Training examples that most hurt its prediction", more?.harmful, fine),
    more?.helpful || more?.harmful ? h("p", {}, h("small", {}, `By how much its loss would rise without them (${page.regression ? "in squared deviations" : "in nats"}), to first order, by their gradients in the trained network.`)) : null,
    ranks(row)));
  dialog.scrollTop = 0;
  if (!dialog.open) dialog.showModal();
  const buttons = [...dialog.querySelectorAll(".top button:not(:disabled)")]; // the pressed one was replaced: its successor keeps the focus
  (buttons.find((button) => button.getAttribute("aria-label") === held) ?? buttons.at(-1)).focus();
  if (more?.loss) chart("card-chart", page.specs.trajectory, { one: page.epochs.map((epoch, e) => ({ epoch, loss: more.loss[e] })), all: page.epochs.map((epoch, e) => ({ epoch, low: page.band.low[e], middle: page.band.middle[e], high: page.band.high[e] })) });
}
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("keydown", (event) => {
  const name = { ArrowLeft: "previous example", ArrowRight: "next example" }[event.key];
  if (name) dialog.querySelector(`[aria-label="${name}"]`)?.click();
});
