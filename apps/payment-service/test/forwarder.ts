import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A fixed port in front of a server that restarts on another port, so that its clients see one server. */
export async function startForwarder() {
  let targetPort: number | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (targetPort === undefined) return void socket.resetAndDestroy();
    const target = connect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    /** Undefined refuses every connection. */
    forwardTo(port: number | undefined) {
      targetPort = port;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
