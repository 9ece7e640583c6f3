import { createStore, useStore } from '../store.js';
import { keep, kept } from '../storage.js';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const theme = createStore<Theme>(THEMES.find((one) => one === kept('theme')) ?? 'system');

export function useTheme(): Theme {
  return useStore(theme);
}

/** For this browser, from now on. */
export function chooseTheme(choice: Theme): void {
  keep('theme', choice === 'system' ? null : choice);
  theme.set(choice);
}

/** Shows the chosen theme; that of the system without a choice. */
export function followTheme(): void {
  const show = () => {
    const choice = theme.get();
    if (choice === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = choice;
  };
  show();
  theme.subscribe(show);
}
