import { useEffect, useState } from 'react';

/** Whole seconds until an instant (RFC 3339), counted down; 0 when it has come, or when there is none. */
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
