// Frames: every element that can contain a document.
function frameElements(roots = findRoots()) {
  return roots.flatMap((root) => queryAll(root, 'iframe, frame, object, embed'));
}

// Indexed properties of the window do not include frames in shadow roots.
function frameWindows(roots) {
  const indexed = Array.from({ length: getFrameCount() }, (_, index) => window[index]);
  const held = frameElements(roots).map((element) => element.contentWindow);
  return [...new Set([...indexed, ...held])].filter(Boolean);
}

// The libraries of same-origin frames. Other frames cannot be reached.
function frameLibraries(roots) {
  const found = [];
  for (const inner of frameWindows(roots)) {
    try {
      // A window that gets another document keeps its properties for a while.
      if (inner.__tintype?.isOf(inner.document)) found.push(inner.__tintype);
    } catch {
      // The frame has another origin.
    }
  }
  return found;
}

function isReachable(element) {
  try {
    return Boolean(element.contentWindow?.__tintype);
  } catch {
    return false;
  }
}
