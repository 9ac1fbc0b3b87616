import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, Server as NetServer } from 'node:net';
import type { FastifyInstance } from 'fastify';

// The error codes of a machine without IPv6.
const noSuchAddress = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT']);

export type Listener = {
  /** Accepts no more connections; resolves when the accepted ones have ended. */
  close(): Promise<unknown>;
};

/**
 * Listens on an address. `localhost` means two: 127.0.0.1 and, if the machine has it, ::1. A browser tries ::1 first,
 * whatever the hosts file says, so no other process may listen there.
 *
 * @throws the system's error if either is taken
 * @example const listener = await listen(app, { host: 'localhost', port: 4000 });
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<Listener> {
  const { server } = app;
  // Logged here once; fastify's own line would appear for each address.
  const listenTextResolver = (found: string): string => `listening on ${found}`;
  const isLocalhost = host.toLowerCase() === 'localhost';
  const address = await app.listen({ host: isLocalhost ? '127.0.0.1' : host, port, listenTextResolver });
  app.log.debug({ address }, 'started');
  const second = isLocalhost ? await listenBeside(server) : undefined;
  // http's own close() would at once close connections that wait for their next request.
  const first = () => new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  const others = () =>
    new Promise((resolve) => (second === undefined ? resolve(undefined) : second.close(resolve)));
  return { close: () => Promise.all([first(), others()]) };
}

/** Makes `server` serve ::1 too, on the same port. */
async function listenBeside(server: Server): Promise<NetServer | undefined> {
  const { port } = server.address() as AddressInfo;
  // The same options as http's own server.
  const beside = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  );
  try {
    await once(beside.listen({ host: '::1', port, ipv6Only: true }), 'listening');
    return beside;
  } catch (error) {
    if (noSuchAddress.has(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}
