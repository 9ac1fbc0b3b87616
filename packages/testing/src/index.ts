export { codePoint } from './code-point.ts';
export { type EventuallyOptions, eventually, patienceMs } from './eventually.ts';
export { forThisFile } from './for-this-file.ts';
export { secondsSince } from './seconds-since.ts';
export { standStillFor } from './stand-still.ts';
