/** Whether the service is on its way out: shared by the health routes, the headers, runService and endless answers. */
export interface Lifecycle {
  /** True from the stop signal on: not ready any more, and every answer asks the client to go elsewhere. */
  readonly draining: boolean;
  /** The service begins to stop: what it says from now on is above. The second time does nothing. */
  drain(): void;
  /** Calls back once, when the service begins to stop. An answer without an end must be ended here, or it would not. */
  onDraining(listener: () => void): void;
}

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
