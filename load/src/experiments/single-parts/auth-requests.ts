const line = /^http_request_duration_seconds_count\{(.*)\} (\d+)$/gm;
/** Requested by monitoring, and by us, however many people buy. */
const watched = new Set(['/metrics', '/ready', '/live']);

/**
 * Counts the requests that a service has answered since it started, by route. Leaves out metrics and health checks.
 *
 * @example countRequests('http_request_duration_seconds_count{method="POST",route="/token",status="200"} 50')
 *   // Map { 'POST /token' => 50 }
 */
export function countRequests(metrics: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, labels = '', count] of metrics.matchAll(line)) {
    const [, method] = /method="([^"]*)"/.exec(labels) ?? [];
    const [, route = ''] = /route="([^"]*)"/.exec(labels) ?? [];
    if (watched.has(route)) continue;
    const name = `${method} ${route}`;
    counts.set(name, (counts.get(name) ?? 0) + Number(count));
  }
  return counts;
}

/** The requests between two counts. Leaves out routes that were not requested. */
export function requestsBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Map<string, number> {
  const differences = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return new Map(differences.filter(([, count]) => count > 0));
}
