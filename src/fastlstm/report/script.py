"""The only script of the report: values of all lines at the pointer. The page works without it."""

SCRIPT = """
"use strict";
for (const svg of document.querySelectorAll("svg[data-readout]")) {
  const data = JSON.parse(svg.dataset.readout);
  const [left, top, right, bottom] = data.box;
  const out = document.createElement("output");
  out.className = "readout";
  out.textContent = "Point at or touch the chart to read values.";
  svg.after(out);
  const cursor = document.createElementNS(svg.namespaceURI, "path");
  cursor.setAttribute("class", "cursor");
  svg.append(cursor);
  const show = (value) => Number(value.toPrecision(3)).toString();
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const across = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const part = Math.min(Math.max((across - left) / (right - left), 0), 1);
    const [low, high] = data.range;
    const x = data.log ? low * Math.pow(high / low, part) : low + part * (high - low);
    const words = [];
    for (const line of data.lines) {
      const toggle = document.getElementById("show-" + line.style.split(" ")[0]);
      let index = -1;
      while (index + 1 < line.x.length && line.x[index + 1] <= x) index += 1;
      if (index >= 0 && (!toggle || toggle.checked))
        words.push(line.name + " " + show(line.y[index]));
    }
    out.textContent = data.unit + " " + show(x) + ": " + (words.join(", ") || "no model yet");
    const place = left + part * (right - left);
    cursor.setAttribute("d", "M" + place + " " + top + "V" + bottom);
  });
  svg.addEventListener("pointerleave", () => cursor.removeAttribute("d"));
}
"""
