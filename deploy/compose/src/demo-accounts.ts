import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDemoAccounts, demoAccounts } from '@latchkey/dev-stack/demo-accounts';

// Makes the accounts of npm start, with auth-service's own command and environment. The folder records that they exist,
// and tells the storefront's demo about them.
const directory = process.argv[2] ?? '/var/lib/latchkey';
const began = performance.now();
await createDemoAccounts(directory, process.env);
writeFileSync(join(directory, 'demo-accounts.json'), `${JSON.stringify(demoAccounts)}\n`);
console.log(`Demo accounts are there (${((performance.now() - began) / 1000).toFixed(1)} s).`);
