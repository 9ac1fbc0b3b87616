import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDemoAccounts, demoAccounts } from '@latchkey/dev-stack/demo-accounts';

// The accounts of npm start, made by auth-service's own command with auth-service's environment. The folder remembers
// that they have been made, and tells the storefront's demo of them.
const directory = process.argv[2] ?? '/var/lib/latchkey';
const began = performance.now();
await createDemoAccounts(directory, process.env);
writeFileSync(join(directory, 'demo-accounts.json'), `${JSON.stringify(demoAccounts)}\n`);
console.log(`Demo accounts are there (${((performance.now() - began) / 1000).toFixed(1)} s).`);
