import type { Redis } from 'ioredis';

const corked = new WeakSet<Redis['stream']>();

/**
 * Sends all Redis commands of this turn of the event loop in one system call. Under load each turn handles several
 * requests, and a write costs more than building the command. Unlike with ioredis' automatic pipelines, each command
 * keeps its own reply, timeout and retry.
 */
export function batchWrites({ stream }: Redis): void {
  // Before the first connection there is no stream, and ioredis queues the commands itself.
  if (stream === undefined || corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  setImmediate(() => {
    corked.delete(stream);
    stream.uncork();
  });
}
