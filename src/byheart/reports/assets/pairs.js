// Pairs of influence: a training example, which opens its card, and the held-out one that it helps.
function pair({ row: k, held_out, held_out_id, held_out_label, influence }) {
  const row = rows[k];
  const side = (kind, at, id, given) => [picture(at, 64, id), h("span", { class: "line" }, `${kind} `, h("b", {}, given)), h("span", { class: "line quiet" }, `id ${id}`)];
  return h("li", {}, h("button", { class: "tile", type: "button", "data-row": k, onclick: () => open(k) }, side("trained", k, row.id, label(row.given))),
    h("span", { class: "helps", role: "img", "aria-label": "helps" }, "→"),
    h("div", { class: "held-out" }, side("new", held_out, held_out_id, label(held_out_label))),
    h("span", { class: "line amount" }, influence));
}
byId("pairs")?.classList.toggle("rows", Boolean(page.bars)); // features need more room than pictures
byId("pairs")?.append(...page.pairs.map(pair));
