import './preview.css';

// Two globals, as a team has them: a theme and a density, set on the root.
export const globalTypes = {
  theme: { defaultValue: 'light' },
  density: { defaultValue: 'normal' },
};

export const decorators = [
  (story, { globals }) => {
    document.documentElement.dataset.theme = globals.theme;
    document.documentElement.dataset.density = globals.density;
    return story();
  },
];

export const tags = ['visual'];
