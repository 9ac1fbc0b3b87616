import { createDemoAccounts } from '@latchkey/dev-stack/demo-accounts';

// The accounts of npm start, made by auth-service's own command with auth-service's environment. The folder remembers
// that they have been made.
const directory = process.argv[2] ?? '/var/lib/latchkey';
const began = performance.now();
await createDemoAccounts(directory, process.env);
console.log(`Demo accounts are there (${((performance.now() - began) / 1000).toFixed(1)} s).`);
