// Motion that style sheets and animations do not reach: SMIL and marquees. A scripted
// clock sets SMIL to its time, and sends marquees back to their start.
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

// Holds the motion of this document where it is: frames that are issued later, of
// which a busy machine takes more, do not move it. SMIL goes on when it is released.
let heldVectors = [];
function holdMotion() {
  const roots = findRoots();
  const running = movingVectors(roots).filter((svg) => !svg.animationsPaused());
  for (const svg of running) svg.pauseAnimations();
  heldVectors.push(...running);
  for (const root of roots) queryAll(root, 'marquee').forEach((marquee) => marquee.stop());
}

function releaseMotion() {
  for (const svg of heldVectors) svg.unpauseAnimations();
  heldVectors = [];
}
