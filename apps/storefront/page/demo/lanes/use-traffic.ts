import { useEffect, useState, useSyncExternalStore } from 'react';
import { traceIds } from '../../traffic/recorded-fetch.ts';
import { followSpans } from '../../traffic/spans.ts';
import type { Traffic } from '../../traffic/traffic.ts';
import { trafficStore } from '../../traffic/traffic-store.ts';

/** Everything that happens, or, while `isPaused`, what had happened until then. */
export function useTraffic(isPaused: boolean): Traffic {
  const now = useSyncExternalStore(trafficStore.subscribe, trafficStore.snapshot);
  const [kept, setKept] = useState<Traffic | null>(null);
  if (isPaused && kept === null) setKept(now);
  if (!isPaused && kept !== null) setKept(null);
  return isPaused ? (kept ?? now) : now;
}

/** Listens to the services' telemetry for as long as the console is open. Says whether the line holds. */
export function useSpans(): boolean {
  const [isOpen, setOpen] = useState(true);
  useEffect(
    () => followSpans({ tracePrefix: traceIds.prefix, onSpan: trafficStore.reported, onOpen: setOpen }),
    [],
  );
  return isOpen;
}
