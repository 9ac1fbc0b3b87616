import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';

// The error codes of a machine without IPv6.
const noSuchAddress = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT']);

/**
 * Listens on an address, until the application closes. `localhost` means two: 127.0.0.1 and, if the machine has it,
 * ::1. A browser tries ::1 first, whatever the hosts file says, so no other process may listen there.
 *
 * @throws the system's error if either is taken; then close the application
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<void> {
  if (host.toLowerCase() !== 'localhost') return void (await app.listen({ host, port }));
  // The same options as http's own server.
  const beside = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    app.server.emit('connection', socket),
  );
  let closed: Promise<unknown> | undefined;
  app.addHook('preClose', async () => {
    closed = new Promise((resolve) => beside.close(resolve));
  });
  app.addHook('onClose', async () => {
    await closed;
  });
  await app.listen({ host: '127.0.0.1', port });
  const { port: chosen } = app.server.address() as AddressInfo;
  try {
    await once(beside.listen({ host: '::1', port: chosen, ipv6Only: true }), 'listening');
  } catch (error) {
    if (!noSuchAddress.has(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
