import type { Socket } from 'node:net';
import type { Command, Redis } from 'ioredis';

// Node.js runs timers before it reads sockets. If this process stood still for longer than a time limit, an answer that
// has arrived meanwhile would be thrown away, so both limits read the sockets once more before they take effect.

/** What ioredis uses for its own limits, and its types lack. */
type LimitedCommand = { _commandTimeoutTimer?: NodeJS.Timeout };
type LimitedConnection = {
  readonly stream: Socket;
  readonly commandQueue: { readonly length: number };
  socketTimeoutTimer: NodeJS.Timeout | undefined;
  setSocketTimeout(): void;
};

/** Runs after the sockets have been read. Returns the timer. */
export function afterTime(ms: number, run: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(run), ms);
}

/** Replaces the limit that ioredis sets when it sends the command, and clears when it is answered. */
export function limitCommand(command: Command, ms: number): void {
  const limited = command as unknown as LimitedCommand;
  limited._commandTimeoutTimer ??= afterTime(ms, () => {
    if (!command.isSettled) command.reject(new Error('Command timed out'));
  });
}

/** Replaces the limit that ioredis sets when a command waits for an answer, and again after each piece of one. */
export function limitSilence(connection: Redis, ms: number): void {
  const limited = connection as unknown as LimitedConnection;
  limited.setSocketTimeout = () => {
    const { stream } = limited;
    let isSilent = true;
    limited.socketTimeoutTimer = afterTime(ms, () => {
      if (isSilent) stream.destroy(new Error(`Redis has sent nothing for ${ms} ms.`));
    });
    stream.once('data', () => {
      isSilent = false;
      clearTimeout(limited.socketTimeoutTimer);
      limited.socketTimeoutTimer = undefined;
      if (limited.commandQueue.length > 0) limited.setSocketTimeout();
    });
  };
}
