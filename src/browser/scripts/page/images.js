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

// Sends animated images back to their beginning: they start again when their
// address is set. Vector images without endless motion are left at their end.
async function restartImages() {
  const roots = findRoots();
  const images = roots.flatMap((root) => queryAll(root, 'img[src]'))
    .filter((image) => image.complete);
  const addresses = [...images.map((image) => image.currentSrc), ...cssImages.keys()];
  const inFrames = frameLibraries(roots).map((frame) => frame.restartImages());
  await allSettled(addresses.filter(isVectorImage).map(readMotion));
  // The guard has ended meanwhile.
  const { restarted, decoded } = guard(restartEndless)(roots, images);
  await allSettled(decoded);
  await allSettled(inFrames);
  return restarted.length;
}

function restartEndless(roots, images) {
  const restarted = images.filter(({ currentSrc: address }) => (
    !isVectorImage(address) || endlessImages.get(address)
  ));
  restartCssImages(roots);
  const decoded = restarted.map((image) => {
    image.setAttribute('src', image.getAttribute('src'));
    return image.decode();
  });
  return { restarted, decoded };
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
const readText = uncurry(window.Response.prototype.text);

async function readMotion(address) {
  if (endlessImages.has(address)) return;
  endlessImages.set(address, false);
  const response = await own(apply(originalFetch, window, [address, { cache: 'force-cache' }]));
  const source = await own(readText(response));
  guard(() => endlessImages.set(address, /indefinite|infinite/.test(source)))();
}

// Vector images of CSS start again when nothing has shown them for a frame.
let restartSheet;
function restartCssImages(roots) {
  const vectors = [...cssImages.keys()].filter(isVectorImage);
  if (!vectors.some((address) => endlessImages.get(address))) return;
  for (const address of vectors) cssImages.get(address).removeAttribute('src');
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
