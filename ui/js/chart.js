/* Charts without a library. */
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

  /** The points with a value, in groups of adjacent ones, with their index. */
  function groups(points) {
    const found = [[]];
    points.forEach((point, index) => {
      if (point.value === null) found.push([]);
      else found.at(-1).push({ ...point, index });
    });
    return found.filter((group) => group.length > 0);
  }

  /** `points`: [{ value, status, label }] from old to new; a value of null is a
      gap. `kind` is "line" or "bars", `unit` formats a value, `ends` are the words
      below the first and the last point. */
  T.chart = (title, points, kind, unit, ends = []) => {
    const top = Math.max(...points.map(({ value }) => value ?? 0), Number.MIN_VALUE);
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
    ends.forEach((words, end) => chart.append(svg("text", { x: end === 0 ? LEFT : WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": end === 0 ? "start" : "end" }, words)));
    for (const group of kind === "line" ? groups(points) : []) {
      const [first] = group;
      chart.append(group.length === 1
        ? svg("circle", { class: "point", cx: x(first.index), cy: y(first.value), r: 3 })
        : svg("polyline", { class: "line", points: group.map(({ value, index }) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
    }
    const wide = Math.min(28, ((WIDTH - LEFT - RIGHT) / points.length) * 0.64);
    points.forEach(({ value, status, label }, index) => {
      if (value === null) return;
      const mark = kind === "line"
        ? status && status !== "passed" && svg("circle", { class: "mark", "data-status": status, cx: x(index), cy: y(value), r: 5 })
        : svg("rect", { class: "bar", "data-status": status, x: x(index) - wide / 2, width: wide, y: Math.min(y(value), y(0) - 2), height: Math.max(y(0) - y(value), 2) });
      if (mark) {
        mark.append(svg("title", {}, label));
        chart.append(mark);
      }
    });
    return chart;
  };

  /** A small chart of values from old to new, with a limit. `points`: [{ value,
      label }]. */
  T.sparkline = (title, points, limit) => {
    const [width, height, edge] = [160, 40, 5];
    const top = Math.max(limit, ...points.map(({ value }) => value)) || 1;
    const x = (index) => (points.length === 1 ? width - edge : edge + ((width - 2 * edge) * index) / (points.length - 1));
    const y = (value) => edge + (height - 2 * edge) * (1 - value / top);
    const chart = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
      svg("line", { class: "limit", x1: 0, x2: width, y1: y(limit).toFixed(1), y2: y(limit).toFixed(1) }),
      svg("polyline", { class: "line", points: points.map(({ value }, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
    points.forEach(({ value, label }, index) => {
      const is = value > limit ? "failed" : "passed";
      chart.append(svg("circle", { class: "mark", "data-status": is, cx: x(index).toFixed(1), cy: y(value).toFixed(1), r: index === points.length - 1 ? 4.5 : 3 }, svg("title", {}, label)));
    });
    return chart;
  };
}
