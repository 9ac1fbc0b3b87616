import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { registerGiftIdeas } from '@latchkey/dev-stack/gift-ideas';

// Registers gift-ideas with auth-service's own command and environment, at each start: its port may be another one.
const { GIFT_IDEAS_PORT = '', GIFT_IDEAS_SECRET_FILE = '' } = process.env;
const application = { port: Number(GIFT_IDEAS_PORT), secret: readFileSync(GIFT_IDEAS_SECRET_FILE, 'utf8') };
await registerGiftIdeas(application, { directory: tmpdir(), env: process.env });
console.log(`gift-ideas is registered, at port ${GIFT_IDEAS_PORT}.`);
