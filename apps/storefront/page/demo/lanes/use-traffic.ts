import { useEffect, useState, useSyncExternalStore } from 'react';
import { traceIds } from '../../traffic/recorded-fetch.ts';
import { followSpans } from '../../traffic/spans.ts';
import { noTraffic, type Traffic } from '../../traffic/traffic.ts';
import { trafficStore } from '../../traffic/traffic-store.ts';

/** Everything that happens, or, while `isPaused`, what had happened until then; `clear` forgets either. */
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
 * Listens to the services' telemetry for as long as the console is open and the page is in sight: a browser has six lines
 * to a server, for all tabs together. Says whether the line holds.
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
