// What the page has read of its look. Frames are not asked.
function lookReads() {
  const hasFrames = getFrameCount() > 0 || frameElements().length > 0;
  return hasFrames ? { viewport: true, theme: true } : readsOfLook();
}
