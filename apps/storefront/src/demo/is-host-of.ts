/**
 * Whether a Host header names the host of an origin, in upper case or with the scheme's default port too. Not with a
 * dot at its end: browsers then send another Origin (RFC 6454 §4), which the services do not allow.
 *
 * @example isHostOf('https://shop.example')('SHOP.example:443'); // true
 */
export function isHostOf(origin: string): (host: string) => boolean {
  const { protocol, href } = new URL(origin);
  return (host) => URL.parse(`${protocol}//${host}`)?.href === href;
}
