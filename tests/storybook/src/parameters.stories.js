const box = (text) => `<div class="card">${text}</div>`;

export default { title: 'Parameters' };

export const Skipped = {
  render: () => box('not to be seen'),
  parameters: { tintype: { skip: 'waits for the new icons' } },
};
export const NotForChromatic = {
  render: () => box('not to be seen either'),
  parameters: { chromatic: { disableSnapshot: true } },
};
export const OnlyNarrow = {
  render: () => box('for phones'),
  parameters: { tintype: { viewports: ['phone'] } },
};
export const Tolerant = {
  render: () => box(`<b style="color: #${globalThis.tintypeShade ?? '808080'}">grey</b>`),
  parameters: { tintype: { threshold: 0.5, maxDiffPixels: 10 } },
};
