import { useState } from 'react';

/**
 * Where somebody is on the page: kept for a reload, in this tab of the browser alone (sessionStorage). Requests are not kept:
 * they hold access tokens, which are stored nowhere.
 *
 * @example const [tab, setTab] = useKeptPlace('tab', ['products', 'cart']);
 */
export function useKeptPlace<Name extends string>(
  of: 'tab' | 'view' | 'panel',
  names: readonly [Name, ...Name[]],
): [Name, (name: Name) => void] {
  const [place, setPlace] = useState<Name>(() => names.find((name) => name === read(of)) ?? names[0]);
  return [
    place,
    (name) => {
      setPlace(name);
      write(of, name);
    },
  ];
}

function read(of: string): string | null {
  try {
    return sessionStorage.getItem(`latchkey.${of}`);
  } catch {
    // A browser may forbid the page to store anything: then nothing is kept.
    return null;
  }
}

function write(of: string, name: string): void {
  try {
    sessionStorage.setItem(`latchkey.${of}`, name);
  } catch {
    // As above.
  }
}
