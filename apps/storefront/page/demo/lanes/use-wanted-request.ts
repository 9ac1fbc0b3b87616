import { useEffect, useEffectEvent } from 'react';
import { trafficStore } from '../../traffic/traffic-store.ts';
import { onShowRequest } from '../../traffic/wanted-request.ts';
import { inspectorId } from '../inspector/inspector.tsx';

/** Calls back with the trace of a request that somebody wants to see, null if it is kept no more; goes to the inspector. */
export function useWantedRequest(show: (traceId: string | null) => void): void {
  const onWanted = useEffectEvent((requestId: string) => {
    const { entries } = trafficStore.snapshot();
    const entry = entries.find(({ answer }) => answer?.headers['x-request-id'] === requestId);
    show(entry?.request.traceId ?? null);
    // By now it may be hidden, on a phone.
    requestAnimationFrame(() => document.getElementById(inspectorId)?.focus());
  });
  useEffect(() => onShowRequest(onWanted), []);
}
