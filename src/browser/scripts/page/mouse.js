// Hides the release of a mouse button from the page while it is blocked.
let buttonUpBlocker = null;

function blockButtonUp() {
  buttonUpBlocker = new AbortController();
  const { signal } = buttonUpBlocker;
  const stop = (event) => event.stopImmediatePropagation();
  for (const type of ['pointerup', 'mouseup']) {
    window.addEventListener(type, stop, { capture: true, signal });
  }
}

function unblockButtonUp() {
  buttonUpBlocker?.abort();
  buttonUpBlocker = null;
}

// Whether the mouse is over an element; true where there is none.
function isHovered(selector) {
  const element = findFirst(selector);
  return !element || matches(element, ':hover');
}
