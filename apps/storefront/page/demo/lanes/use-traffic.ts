import { useEffect, useState, useSyncExternalStore } from 'react';
import { traceIds } from '../../traffic/recorded-fetch.ts';
import { followSpans } from '../../traffic/spans.ts';
import { noTraffic, type Traffic } from '../../traffic/traffic.ts';
import { trafficStore } from '../../traffic/traffic-store.ts';

/** All traffic, or while `isPaused` the traffic up to the pause. `clear` deletes it. */
export function useTraffic(isPaused: boolean): Traffic & { clear(): void } {
  const now = useSyncExternalStore(trafficStore.subscribe, trafficStore.snapshot);
  const [kept, setKept] = useState<Traffic | null>(null);
  if (isPaused && kept === null) setKept(now);
  if (!isPaused && kept !== null) setKept(null);
  const { entries } = isPaused ? (kept ?? now) : now;
  return {
    entries,
    clear() {
      trafficStore.clear();
      if (isPaused) setKept(noTraffic);
    },
  };
}

/**
 * Receives the services' telemetry while the console is open and the page is visible: a browser allows six connections
 * to a server for all tabs together. Returns whether the connection is open.
 */
export function useSpans(): boolean {
  const isVisible = useSyncExternalStore(onVisibility, () => document.visibilityState === 'visible');
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    if (!isVisible) return;
    return followSpans({ tracePrefix: traceIds.prefix, onSpan: trafficStore.reported, onOpen: setOpen });
  }, [isVisible]);
  return isOpen;
}

function onVisibility(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
}
