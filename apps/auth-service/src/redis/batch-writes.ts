import type { Redis } from 'ioredis';

const corked = new WeakSet<Redis['stream']>();

/**
 * Has everything that is sent to Redis in this turn of the event loop leave in one system call. Under load several
 * requests come in each turn, and a write costs more than making the command. Nothing else changes: each command keeps
 * its own reply, timeout and repetition, which ioredis' automatic pipelines would not.
 */
export function batchWrites({ stream }: Redis): void {
  // There is none before the first connection; then commands wait for it by themselves.
  if (stream === undefined || corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  setImmediate(() => {
    corked.delete(stream);
    stream.uncork();
  });
}
