/** Whether the service is stopping: shared by the health routes, the headers, runService and endless answers. */
export type Lifecycle = {
  /** True from the stop signal on: the service is not ready, and every answer closes its connection. */
  readonly draining: boolean;
  /** Begins to stop the service: sets the flag above. A second call does nothing. */
  drain(): void;
  /** Calls back once, when the service begins to stop. Endless answers must be ended here. */
  onDraining(listener: () => void): void;
};

export function createLifecycle(): Lifecycle {
  let isDraining = false;
  const listeners = new Set<() => void>();
  return {
    get draining() {
      return isDraining;
    },
    drain() {
      if (isDraining) return;
      isDraining = true;
      for (const listener of listeners) listener();
    },
    onDraining: (listener) => void listeners.add(listener),
  };
}
