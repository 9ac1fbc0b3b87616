// Loaded into auth-service of the demo's own system before its code (node --import). Turns its clock ahead by the
// milliseconds in a file.
import { readFileSync } from 'node:fs';

const aheadMs = Number(readFileSync(process.env['DEMO_CLOCK_FILE'] ?? '', 'utf8'));
const realNow = Date.now;
Date.now = () => realNow() + aheadMs;
