/** Makes this process stand still, as a machine does that is paused or too busy: nothing runs, and no socket is read. */
export function standStillFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
