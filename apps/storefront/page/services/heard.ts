import type { ServiceName } from './service-error.ts';

const listeners = new Set<(service: ServiceName) => void>();

/** A service has answered, whatever it said. */
export function heardFrom(service: ServiceName): void {
  for (const listener of listeners) listener(service);
}

/** Calls back whenever a service has answered. Returns what ends it. */
export function onHeard(listener: (service: ServiceName) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
