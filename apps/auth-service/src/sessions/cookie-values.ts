import type { FastifyRequest } from 'fastify';

/**
 * Every value that the browser sent for cookies of this name: anyone may have set one for another path or domain. The
 * last comes first: ours have the shortest path, and browsers send that last (RFC 6265 §5.4).
 *
 * Does not check whether a value is ours.
 */
export function cookieValues({ headers, server }: FastifyRequest, name: string): string[] {
  const pairs = headers.cookie?.split(';') ?? [];
  // Parsed one by one, because a parser keeps only one of several cookies with the same name.
  const values = pairs.map((pair) => server.parseCookie(pair)[name]?.replace(/^"(.*)"$/, '$1'));
  return values.filter((value) => value !== undefined).reverse();
}
