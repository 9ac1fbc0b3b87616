/** A port of the front, and the service behind it. All replicas of the service have the same name. */
export type Route = { readonly port: number; readonly host: string; readonly hostPort: number };

/**
 * Reads `4000=auth-service:4000,4001=cart-service:4001`: the front's port, the service's name and port.
 *
 * @throws Error naming the route that is wrong
 * @example parseRoutes('4000=auth-service:4000');
 */
export function parseRoutes(text: string): Route[] {
  const routes = text.split(',').map((route) => {
    const match = /^(\d{1,5})=([a-z][a-z0-9.-]*):(\d{1,5})$/.exec(route.trim());
    const [port, hostPort] = [Number(match?.[1]), Number(match?.[3])];
    if (match === null || !isPort(port) || !isPort(hostPort)) {
      throw new Error(`ROUTES: "${route}" is not PORT=NAME:PORT`);
    }
    return { port, host: match[2] as string, hostPort };
  });
  const twice = routes.find(({ port }, index) => routes.findIndex((other) => other.port === port) !== index);
  if (twice !== undefined) throw new Error(`ROUTES: port ${twice.port} is given to two services`);
  return routes;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
