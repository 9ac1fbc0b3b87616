// Run by npx, which puts the fetched programs first on PATH: prints their paths.
import { onPath } from './find.mjs';

console.log(JSON.stringify({ node: process.execPath, pnpm: onPath('pnpm') }));
