import { killAll } from './processes/child.ts';

// npm and the terminal each deliver the same Ctrl-C, a few milliseconds apart. Nobody can press it twice that fast.
const sameSignalMs = 1_000;

/**
 * A signal that aborts at the first Ctrl-C, SIGTERM or hang-up, or when the launcher that started us has died. A second
 * signal kills all children and ends this process at once.
 */
export function stopSignal(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      onFirst();
      controller.abort(new Error('Stopped.'));
    } else if (now - firstAt > sameSignalMs) {
      killAll();
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.on('disconnect', onSignal);
  // The channel only detects the launcher's end; it must not keep us alive.
  process.channel?.unref();
  return controller.signal;
}
