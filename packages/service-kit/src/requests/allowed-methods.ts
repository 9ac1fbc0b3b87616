import type { FastifyInstance } from 'fastify';

/**
 * Records the routes, to tell 405 (the path exists, the method does not) from 404. Matching runs only for requests
 * without a route.
 */
export function collectAllowedMethods(app: FastifyInstance): (path: string) => string[] {
  const methodsByPattern = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    if (route.url.includes('*')) return;
    const methods = methodsByPattern.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) methods.add(method);
    methodsByPattern.set(route.url, methods);
  });
  return (path) => {
    const found = new Set<string>();
    for (const [pattern, methods] of methodsByPattern) {
      if (matches(pattern.split('/'), path.split('/'))) for (const method of methods) found.add(method);
    }
    return [...found].sort();
  };
}

/** Whether the segments of a path are those of a route's pattern, in which `:name` is any one. */
export function matches(pattern: string[], path: string[]): boolean {
  if (pattern.length !== path.length) return false;
  return pattern.every((part, index) => (part.startsWith(':') ? path[index] !== '' : part === path[index]));
}
