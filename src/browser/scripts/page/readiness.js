// Combines all conditions into one answer.
function pendingConditions(options) {
  const roots = findRoots();
  const pending = [...pendingLoad(), ...pendingFonts(), ...pendingReadyAttribute()];
  if (options.network) pending.push(...pendingRequests());
  pending.push(...pendingWaitFor(options.waitFor));
  for (const root of roots) {
    applyAppearance(root);
    pending.push(...pendingImages(root), ...pendingMedia(root), ...pendingStyles(root));
    for (const frame of queryAll(root, 'iframe[loading=lazy]')) frame.loading = 'eager';
    if (options.busy) pending.push(...pendingBusy(root));
    if (options.thorough) pending.push(...pendingCssImages(root));
    if (options.beyondViewport) drawBeyondViewport(root);
    stopAnimations(root);
  }
  const inFrames = { ...options, waitFor: [] };
  for (const frame of frameLibraries(roots)) pending.push(...frame.pendingConditions(inFrames));
  return pending;
}

function pendingLoad() {
  return getReadyState() === 'complete' ? [] : [{ step: 'load', detail: location.href }];
}

// A frame that its parent cannot reach prepares itself with every frame.
function isIsolated() {
  try {
    return window.parent !== window && !window.parent.__tintype;
  } catch {
    return true;
  }
}

function prepareRepeatedly() {
  pendingConditions({ thorough: false, busy: false, network: false, waitFor: [] });
  requestFrame(prepareRepeatedly);
}

if (isIsolated()) requestFrame(prepareRepeatedly);

// Starts what only a layout starts, such as font loads and transitions, and
// reports what is pending. `thorough` includes conditions that take longer.
function checkReadiness(options) {
  if (options.keepTheme) keepTheme();
  void getRootElement()?.offsetHeight;
  const pending = pendingConditions(options);
  return {
    pending,
    hasMoreToScroll: Boolean(options.scroll) && hasMoreToScroll(options.scroll),
    otherOrigins: pending.length === 0 ? otherOrigins() : [],
    status: responseStatus(),
    failedFonts: fontFamilies('error'),
    hasStoredData: hasStoredData(),
    hasMotion: hasMotion(),
    workerMotion: window.__tintypeTime?.workerMotion() ?? null,
  };
}
