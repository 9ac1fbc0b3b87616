import { useSyncExternalStore } from 'react';
import { preferences } from '../preferences.ts';

export type Theme = 'light' | 'dark';

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
let chosen = asTheme(preferences.read('theme'));
mark();

/** The current theme: the person's choice, else the system's preference. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}

/** Switches the theme. Choosing the system's preference follows the system again. */
export function chooseTheme(theme: Theme): void {
  chosen = theme === systemTheme() ? null : theme;
  preferences.write('theme', chosen);
  mark();
  for (const listener of listeners) listener();
}

function currentTheme(): Theme {
  return chosen ?? systemTheme();
}

function systemTheme(): Theme {
  return systemIsDark.matches ? 'dark' : 'light';
}

function mark(): void {
  if (chosen === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  systemIsDark.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    systemIsDark.removeEventListener('change', listener);
  };
}

function asTheme(text: string | null): Theme | null {
  return text === 'light' || text === 'dark' ? text : null;
}
