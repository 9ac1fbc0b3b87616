type Name = 'language' | 'theme' | 'binding';

/** The page's settings that this browser remembers. Never a token. */
export const preferences = {
  read(name: Name): string | null {
    try {
      return localStorage.getItem(`latchkey.${name}`);
    } catch {
      // The browser may forbid storage. Then nothing is remembered.
      return null;
    }
  },

  write(name: Name, value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(`latchkey.${name}`);
      else localStorage.setItem(`latchkey.${name}`, value);
    } catch {
      // As above.
    }
  },
};
