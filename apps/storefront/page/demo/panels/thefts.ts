import { useState } from 'react';
import type { RefreshTokenTheft, Verdict } from '../../../src/demo/api.ts';

/** What came of the last theft of each token. */
export type Thefts = {
  readonly access?: readonly Verdict[];
  readonly refresh?: RefreshTokenTheft['steps'];
};

/** By whether the session was bound to a key. */
export type KeptThefts = { readonly bound: Thefts; readonly unbound: Thefts };

const key = 'latchkey.thefts';

/**
 * The last thefts in this tab (sessionStorage): who changes the binding loads the page again between them.
 *
 * @example const [thefts, keep] = useThefts(); // later: keep(state.isBound, { access: verdicts })
 */
export function useThefts(): readonly [KeptThefts, (isBound: boolean, theft: Thefts) => void] {
  const [thefts, setThefts] = useState(read);
  const keep = (isBound: boolean, theft: Thefts) => {
    const before = read();
    const after = isBound
      ? { ...before, bound: { ...before.bound, ...theft } }
      : { ...before, unbound: { ...before.unbound, ...theft } };
    setThefts(after);
    try {
      sessionStorage.setItem(key, JSON.stringify(after));
    } catch {
      // The browser may forbid storage. Then a reload forgets them.
    }
  };
  return [thefts, keep];
}

function read(): KeptThefts {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<KeptThefts>;
    return { bound: kept.bound ?? {}, unbound: kept.unbound ?? {} };
  } catch {
    return { bound: {}, unbound: {} };
  }
}
