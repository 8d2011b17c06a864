// Motion that only a script can set to the time of a scripted clock: SMIL, and
// marquees, which are sent back to their start.
const SMIL = 'animate, animateTransform, animateMotion, set';
const vectorStarts = new WeakMap();
const stoppedMarquees = new WeakSet();
let hasSought = false;

function movingVectors(roots = findRoots()) {
  return roots.flatMap((root) => queryAll(root, 'svg'))
    .filter((svg) => !svg.ownerSVGElement && svg.querySelector(SMIL));
}

function hasVectorMotion() {
  return movingVectors().length > 0;
}

// Sets all SMIL to a time in milliseconds. It starts with the document, or when
// it is inserted.
function seekMotion(time) {
  const roots = findRoots();
  for (const svg of movingVectors(roots)) {
    if (!vectorStarts.has(svg)) vectorStarts.set(svg, hasSought ? time : 0);
    svg.pauseAnimations();
    svg.setCurrentTime((time - vectorStarts.get(svg)) / 1000);
  }
  hasSought = true;
  for (const root of roots) queryAll(root, 'marquee').forEach(stopMarquee);
}

function stopMarquee(marquee) {
  if (stoppedMarquees.has(marquee)) return;
  stoppedMarquees.add(marquee);
  // It starts again when its direction is set.
  marquee.direction = marquee.direction;
  marquee.stop();
}
