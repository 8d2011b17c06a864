/* Charts of a snapshot's history, without a library. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const svg = (tag, attributes = {}, ...children) => {
    const element = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT] = [560, 260, 52, 10, 26, 8];

  /** The smallest step of 1, 2 or 5 times a power of ten so that four reach `top`. */
  const stepFor = (top) => {
    const power = 10 ** Math.floor(Math.log10(top / 4));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step * 4 >= top) ?? 10 * power;
  };

  /** `points`: [{ value, status, label }] from old to new. `kind` is "line" or
      "bars", `unit` formats a value. */
  T.chart = (title, points, kind, unit) => {
    const top = Math.max(...points.map(({ value }) => value), Number.MIN_VALUE);
    const step = top > Number.MIN_VALUE ? stepFor(top) : 1;
    const most = step * 4;
    const x = (index) => LEFT + ((WIDTH - LEFT - RIGHT) * (index + 0.5)) / points.length;
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
    const chart = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title });
    for (let line = 0; line <= 4; line += 1) {
      const at = y(step * line).toFixed(1);
      chart.append(svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at }),
        svg("text", { x: LEFT - 8, y: Number(at) + 4, "text-anchor": "end" }, unit(step * line)));
    }
    if (kind === "line") {
      chart.append(svg("polyline", { class: "line", points: points.map(({ value }, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
    }
    const wide = Math.min(28, ((WIDTH - LEFT - RIGHT) / points.length) * 0.64);
    points.forEach(({ value, status, label }, index) => {
      const mark = kind === "line"
        ? status !== "passed" && svg("circle", { class: "mark", "data-status": status, cx: x(index), cy: y(value), r: 5 })
        : svg("rect", { class: "bar", "data-status": status, x: x(index) - wide / 2, width: wide, y: Math.min(y(value), y(0) - 2), height: Math.max(y(0) - y(value), 2) });
      if (mark) {
        mark.append(svg("title", {}, label));
        chart.append(mark);
      }
    });
    return chart;
  };
}
