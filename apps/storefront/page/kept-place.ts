import { useState } from 'react';

/**
 * Keeps the current place on the page across a reload, in this tab alone (sessionStorage). Requests are not kept: they
 * contain access tokens, which the page never stores.
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
    // The browser may forbid storage. Then nothing is kept.
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
