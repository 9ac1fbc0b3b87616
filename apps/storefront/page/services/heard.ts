import type { ServiceName } from './service-error.ts';

const listeners = new Set<(service: ServiceName) => void>();

/** Reports that a service has answered. */
export function heardFrom(service: ServiceName): void {
  for (const listener of listeners) listener(service);
}

/** Calls `listener` whenever a service has answered. Returns a function that unsubscribes. */
export function onHeard(listener: (service: ServiceName) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
