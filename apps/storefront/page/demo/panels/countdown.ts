import { useEffect, useState } from 'react';

/** Counts down the whole seconds until an instant (RFC 3339); 0 when it has passed, or is null. */
export function useCountdown(instant: string | null): number {
  const [nowMs, setNowMs] = useState(Date.now);
  const leftMs = instant === null ? 0 : Date.parse(instant) - nowMs;
  const isOver = leftMs <= 0;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isOver]);
  return Math.max(0, Math.ceil(leftMs / 1000));
}
