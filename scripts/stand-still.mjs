// Finds tests that bet on speed: loaded before everything else (node --import), it makes test workers and services
// stand still at random moments, as on a machine that is too busy to run them. It needs no processor time for that.
const shortestMs = 300;
const longestMs = 1_400;
const runsForMs = 2_000;
const isConcerned = /\/vitest\/dist\/workers\/|\/apps\/[\w-]+\/src\/main\.ts/.test(process.argv.join(' '));

// A test may replace these.
const { setTimeout } = globalThis;
const { random } = Math;
const cell = new Int32Array(new SharedArrayBuffer(4));

function standStillLater() {
  const timer = setTimeout(() => {
    Atomics.wait(cell, 0, 0, shortestMs + random() * (longestMs - shortestMs));
    standStillLater();
  }, random() * runsForMs);
  timer.unref();
}

if (isConcerned) standStillLater();
