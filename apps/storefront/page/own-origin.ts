/** Marks an address to which the page has led the browser. Browsers keep it when a proxy redirects them. */
const mark = '#moved';

/**
 * Where the browser has to go, because it opened the page at another origin than the services allow; null when it may
 * stay. It is led there once: if it is sent back to that other origin, going on would never end.
 */
export function wayToOwnOrigin(address: string, origin: string): string | null {
  const here = new URL(address);
  if (here.origin === new URL(origin).origin || here.hash === mark) return null;
  return `${origin}${here.pathname}${here.search}${mark}`;
}

/** The address without the mark, once the browser is where it belongs. */
export function withoutMark(address: string, origin: string): string {
  const here = new URL(address);
  if (here.hash !== mark || here.origin !== new URL(origin).origin) return address;
  here.hash = '';
  return here.href;
}
