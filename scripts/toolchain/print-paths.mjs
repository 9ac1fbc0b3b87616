// Run by npx, which puts what it fetched first on PATH: prints where that is.
import { onPath } from './find.mjs';

console.log(JSON.stringify({ node: process.execPath, pnpm: onPath('pnpm') }));
