import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { explain } from '../errors.ts';

/** A part that the demo may stop and start again. */
export type Stoppable = {
  isStopped(): boolean;
  stop(): Promise<void>;
  start(signal: AbortSignal): Promise<void>;
};

export type Control = { close(): Promise<void> };

// The limit of sun_path: 104 bytes on macOS, 108 on Linux.
const longestPath = 100;

/** A path for the socket: in the stack's folder, or in a temporary one if that path is too long. */
export function controlSocketIn(directory: string): string {
  const path = join(directory, 'control.sock');
  return Buffer.byteLength(path) <= longestPath
    ? path
    : join(mkdtempSync(join(tmpdir(), 'latchkey-')), 'control.sock');
}

/**
 * Lets the demo stop and start parts of the stack, by HTTP on a socket that only its owner may open. GET / returns
 * which parts are stopped. PUT /{name} with {"stopped": true} or false changes one and returns the same.
 *
 * @example const control = await startControl(socket, { redis });
 */
export async function startControl(
  socket: string,
  parts: Readonly<Record<string, Stoppable>>,
): Promise<Control> {
  const closing = new AbortController();
  const turns = new Map<string, Promise<void>>();
  const stopped = () =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.isStopped()]));

  /** Serializes the changes of each part. */
  function change(name: string, part: Stoppable, wanted: boolean): Promise<void> {
    const changing = (turns.get(name) ?? Promise.resolve()).then(async () => {
      if (closing.signal.aborted || part.isStopped() === wanted) return;
      await (wanted ? part.stop() : part.start(closing.signal));
    });
    turns.set(
      name,
      changing.catch(() => {}),
    );
    return changing;
  }

  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const part = Object.entries(parts).find(([name]) => request.url === `/${name}`);
    if (request.method === 'GET' && request.url === '/') return answer(200, { stopped: stopped() });
    if (request.method !== 'PUT' || part === undefined) return answer(404, {});
    try {
      await change(...part, await wantedBy(request));
      answer(200, { stopped: stopped() });
    } catch (error) {
      answer(500, { message: explain(error) });
    }
  });
  rmSync(socket, { force: true });
  server.listen(socket);
  await once(server, 'listening');
  chmodSync(socket, 0o600);

  return {
    async close() {
      closing.abort(new Error('The stack stops.'));
      server.close();
      server.closeAllConnections();
      await Promise.all(turns.values());
      rmSync(socket, { force: true });
    },
  };
}

async function wantedBy(request: IncomingMessage): Promise<boolean> {
  const { stopped } = (await json(request)) as { stopped?: unknown };
  return stopped === true;
}
