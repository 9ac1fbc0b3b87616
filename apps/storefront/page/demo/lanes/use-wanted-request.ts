import { useEffect, useEffectEvent } from 'react';
import { trafficStore } from '../../traffic/traffic-store.ts';
import { onShowRequest } from '../../traffic/wanted-request.ts';
import { inspectorId } from '../inspector/inspector.tsx';

/** Calls `show` with the trace of a wanted request, or null if it is no longer kept. Scrolls to the inspector. */
export function useWantedRequest(show: (traceId: string | null) => void): void {
  const onWanted = useEffectEvent((requestId: string) => {
    const { entries } = trafficStore.snapshot();
    const entry = entries.find(({ answer }) => answer?.headers['x-request-id'] === requestId);
    show(entry?.request.traceId ?? null);
    // On a phone it may be hidden by now.
    requestAnimationFrame(() => document.getElementById(inspectorId)?.focus());
  });
  useEffect(() => onShowRequest(onWanted), []);
}
