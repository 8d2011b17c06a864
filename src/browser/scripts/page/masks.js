// Covers elements with solid boxes until they are removed.
let masks = [];

function addMasks(selectors) {
  removeMasks();
  for (const root of findRoots()) {
    for (const element of queryAll(root, selectors.join(', '))) {
      const { x, y, width, height } = getRect(element);
      const cover = document.createElement('div');
      cover.style.cssText = `all: initial; position: absolute; z-index: 2147483647;
        background: #ff00ff; left: ${x + getScrollX()}px; top: ${y + getScrollY()}px;
        width: ${width}px; height: ${height}px`;
      masks.push(cover);
    }
  }
  getRootElement().append(...masks);
  return masks.length;
}

function removeMasks() {
  for (const cover of masks) cover.remove();
  masks = [];
}
