import { expect, userEvent, within } from 'storybook/test';

const field = (value, error = '') => `
  <label class="field">Name <input value="${value}"><span class="error">${error}</span></label>`;

export default { title: 'Controls/Field' };

export const Blank = { render: () => field('') };
export const Filled = { render: () => field('Ada') };
export const Wrong = { render: () => field('?', 'This is no name.') };

// Its picture has the text only if the play function has been waited for.
export const Typed = {
  render: () => field(''),
  play: async ({ canvasElement }) => {
    const input = within(canvasElement).getByRole('textbox');
    await userEvent.type(input, 'Grace', { delay: 20 });
    await expect(input).toHaveValue('Grace');
  },
};
