/** What this browser remembers of how somebody likes the page. Never a token. */
export const preferences = {
  read(name: 'language' | 'theme'): string | null {
    try {
      return localStorage.getItem(`latchkey.${name}`);
    } catch {
      // A browser may forbid the page to store anything: then nothing is remembered.
      return null;
    }
  },

  write(name: 'language' | 'theme', value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(`latchkey.${name}`);
      else localStorage.setItem(`latchkey.${name}`, value);
    } catch {
      // As above.
    }
  },
};
