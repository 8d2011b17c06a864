// Media: paused at their first frame, which is loaded for videos.
function pendingMedia(root) {
  const pending = [];
  for (const element of queryAll(root, 'video, audio')) {
    element.autoplay = false;
    if (!element.paused) element.pause();
    if (!showsFrame(element)) continue;
    if (element.currentTime !== 0) element.currentTime = 0;
    if (element.readyState < element.HAVE_CURRENT_DATA || element.seeking) {
      pending.push({ step: 'video', detail: element.currentSrc || element.src });
    }
  }
  return pending;
}

// Whether the element will show a frame of its source.
function showsFrame(element) {
  if (getLocalName(element) === 'audio' || element.error) return false;
  if (element.networkState === element.NETWORK_NO_SOURCE) return false;
  if (!element.currentSrc && !element.src) return false;
  return element.preload !== 'none' || element.readyState > 0;
}
