type Listener = (requestId: string) => void;

const listeners = new Set<Listener>();

/** Shows a request in the inspector, by the id in its answer (`x-request-id`). */
export function showRequest(requestId: string): void {
  for (const listener of listeners) listener(requestId);
}

/** Calls `listener` when a request is to be shown. Returns a function that unsubscribes. */
export function onShowRequest(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
