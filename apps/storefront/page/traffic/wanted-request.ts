type Listener = (requestId: string) => void;

const listeners = new Set<Listener>();

/** Asks for a request to be shown in the inspector, by the id that its answer bore (`x-request-id`). */
export function showRequest(requestId: string): void {
  for (const listener of listeners) listener(requestId);
}

/** Calls back when somebody wants to see a request. Returns what ends it, as an effect does. */
export function onShowRequest(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
