import { expect, within } from 'storybook/test';

// Each of them is broken in its own way, and must fail with Storybook's words.
export default { title: 'Broken', tags: ['broken', '!visual'] };

export const Throws = {
  render: () => {
    throw new Error('there is no such icon: anchor');
  },
};
export const Nothing = { render: () => undefined };
export const BadPlay = {
  render: () => '<p>hello</p>',
  play: async ({ canvasElement }) => {
    await expect(within(canvasElement).getByText('hello')).toHaveClass('loud');
  },
};
export const BadLoader = {
  loaders: [() => Promise.reject(new Error('the loader has no harbour'))],
  render: () => '<p>never</p>',
};
export const BadParameters = {
  render: () => '<p>hello</p>',
  parameters: { tintype: { viewports: ['watch'] } },
};
