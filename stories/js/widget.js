/* The image comparison by itself, for the stories that show it. */
"use strict";
{
  const T = globalThis.Tintype;
  const { snapshot, view } = JSON.parse(document.getElementById("data").textContent);
  const compare = new T.Compare(snapshot, view);
  const tools = document.getElementById("tools");
  const draw = () => tools.replaceChildren(T.segments("Comparison", T.MODES, view.mode, (mode) => {
    view.mode = mode;
    draw();
    compare.draw();
  }));
  draw();
  document.getElementById("place").append(compare.element);
}
