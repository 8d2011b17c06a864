// Images: lazy ones are loaded, too, and all are decoded before they are drawn.
function pendingImages(root) {
  const pending = [];
  for (const image of queryAll(root, 'img')) {
    if (image.loading === 'lazy') image.loading = 'eager';
    if (image.decoding !== 'sync') image.decoding = 'sync';
    if (image.complete) continue;
    pending.push({ step: 'images', detail: image.currentSrc || image.src || describe(image) });
  }
  return pending;
}

// Addresses of images of a type that may be animated. Others, such as PNG, seldom are.
const isAnimatedType = (address) => (
  /\.(gif|webp)\b|^data:image\/(gif|webp)/i.test(address)
);

// Whether there are images that are animated, or not known to be still.
function hasAnimatedImages() {
  const addresses = [...queryNodes(document, 'img')].map((image) => image.currentSrc);
  return [...addresses, ...cssImages.keys()].some((address) => (
    isAnimatedType(address) && (endlessImages.get(address) ?? isOwn(address))
  ));
}

// Sends animated images back to their beginning: they start again when their
// address is set. Vector images without endless motion are left at their end. On a
// page whose time is not over, only images that are known to be animated restart.
async function restartImages(isOver = true) {
  const roots = findRoots();
  const images = roots.flatMap((root) => queryAll(root, 'img[src]'))
    .filter((image) => image.complete);
  const addresses = [...images.map((image) => image.currentSrc), ...cssImages.keys()];
  const inFrames = frameLibraries(roots).map((frame) => frame.restartImages(isOver));
  await allSettled(addresses.map(readMotion));
  // The guard has ended meanwhile.
  const { restarted, decoded } = guard(restartEndless)(roots, images, isOver);
  await allSettled(decoded);
  await allSettled(inFrames);
  return restarted.length;
}

function restartEndless(roots, images, isOver) {
  const restarted = images.filter(({ currentSrc: address }) => (
    endlessImages.get(address) || (isOver && !isVectorImage(address))
  ));
  restartCssImages(roots);
  for (const root of roots) addListener(root, 'load', hideRestart, true);
  const decoded = restarted.map((image) => {
    restartedImages.add(image);
    image.setAttribute('src', image.getAttribute('src'));
    return image.decode();
  });
  return { restarted, decoded };
}

// The page has seen the images load before.
const restartedImages = new WeakSet();
function hideRestart(event) {
  if (event.isTrusted && restartedImages.delete(event.target)) event.stopImmediatePropagation();
}

async function allSettled(promises) {
  for (let index = 0; index < promises.length; index += 1) {
    try {
      await own(promises[index]);
    } catch {
      // It is shown as it is.
    }
  }
}

const isVectorImage = (address) => /\.svg|image\/svg/.test(address);
const endlessImages = new Map();
const readBytes = uncurry(window.Response.prototype.arrayBuffer);
const bytesAsText = new window.TextDecoder('latin1');
const decodeText = uncurry(window.TextDecoder.prototype.decode);

// How far the header of an image reaches that says whether it is animated.
const HEADER_LENGTH = 1 << 16;

async function readMotion(address) {
  if (endlessImages.has(address)) return;
  if (!isVectorImage(address) && !(isAnimatedType(address) && isOwn(address))) return;
  endlessImages.set(address, false);
  const response = await own(apply(originalFetch, window, [address, { cache: 'force-cache' }]));
  const bytes = await own(readBytes(response));
  guard(() => endlessImages.set(address, isEndless(address, bytes)))();
}

// Requests to other origins may be refused.
function isOwn(address) {
  return address.startsWith('data:') || address.startsWith(`${location.origin}/`);
}

function isEndless(address, bytes) {
  if (isVectorImage(address)) {
    return /indefinite|infinite/.test(decodeText(bytesAsText, bytes));
  }
  const header = decodeText(bytesAsText, bytes.slice(0, HEADER_LENGTH));
  // The extension of GIF, and the chunk of WebP, that say how often it is repeated.
  return header.startsWith('GIF') ? header.includes('NETSCAPE2.0') : header.includes('ANIM');
}

// Images of CSS start again when nothing has shown them for a frame.
let restartSheet;
function restartCssImages(roots) {
  const restarted = [...cssImages.keys()]
    .filter((address) => isVectorImage(address) || isAnimatedType(address));
  if (!restarted.some((address) => endlessImages.get(address))) return;
  for (const address of restarted) cssImages.get(address).removeAttribute('src');
  if (!restartSheet) {
    restartSheet = new CSSStyleSheet();
    restartSheet.replaceSync(`*, *::before, *::after {
      background-image: none !important; mask-image: none !important;
      border-image-source: none !important; list-style-image: none !important;
      transition: none !important;
    }`);
  }
  for (const root of roots) adoptStyleSheet(root, restartSheet);
}

// Shows images again that are restarted.
function showRestartedImages() {
  const roots = findRoots();
  for (const root of roots) {
    const adopted = getAdoptedSheets(root);
    setAdoptedSheets(root, adopted.filter((sheet) => sheet !== restartSheet));
  }
  for (const frame of frameLibraries(roots)) frame.showRestartedImages();
}

// Images that only CSS requests have no element that tells whether they are
// loaded. Each address is loaded again, from the cache, to find out.
const cssImages = new Map();
function pendingCssImages(root) {
  const pending = [];
  for (const element of queryNodes(root, '*')) {
    for (const pseudo of [undefined, '::before', '::after']) {
      const style = getComputedStyle(element, pseudo);
      const values = [
        style.backgroundImage, style.maskImage, style.borderImageSource, style.listStyleImage,
      ].join(' ');
      for (const [, address] of values.matchAll(/url\("([^"]+)"\)/g)) {
        if (!cssImages.has(address)) {
          cssImages.set(address, Object.assign(new Image(), { src: address }));
        }
        if (!cssImages.get(address).complete) pending.push({ step: 'images', detail: address });
      }
    }
  }
  return pending;
}
