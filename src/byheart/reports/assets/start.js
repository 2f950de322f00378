// Everything begins here.
for (const name of ["accuracy", "loss", "roc", "location"]) if (page.specs[name]) chart(`chart-${name}`, page.specs[name]);
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copied(button, button.dataset.copy));
for (const button of document.querySelectorAll("[data-code]")) button.addEventListener("click", () => { byId("by-code").value = button.dataset.code; find(); byId("examples").scrollIntoView(); byId("search").focus({ preventScroll: true }); });
for (const place of document.querySelectorAll("[data-mark]")) place.replaceWith(mark(place.dataset.mark));
for (const strip of document.querySelectorAll("[data-rows]")) strip.append(...strip.dataset.rows.split(" ").filter(Boolean).map((k) => tile(rows[Number(k)])));

startTable();
if (byId("map")) {
  tallyView = await chart("tally", page.specs.tally, { tally: tallied() });
  for (const id of ["map-x", "map-y"]) byId(id).addEventListener("change", drawMap);
  for (const id of ["x-from", "x-to", "y-from", "y-to"]) byId(id).addEventListener("input", byNumbers);
  byId("map-clear").addEventListener("click", () => { for (const id of ["x-from", "x-to", "y-from", "y-to"]) byId(id).value = ""; drawMap(); });
  await drawMap();
} else choose(null);
document.documentElement.dataset.ready = "yes"; // the page is drawn: tests and printers may go on
