// node e2e/compose/cpu-per-request.ts: how much CPU time GET /cart takes in the cart-service that runs in containers, by
// its own count. Start the system with and without COMPOSE_PROFILES=observe to see what reporting costs.
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { demoAccounts } from '@latchkey/dev-stack/demo-accounts';
import { signIn } from '@latchkey/person';

const { AUTH_PORT = '4000', CART_PORT = '4001' } = process.env;
const [rounds, requests, together] = [5, 2000, 10];
const agent = new Agent({ keepAlive: true, maxSockets: together });

function ask(path: string, headers = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ port: CART_PORT, path, agent, headers }, resolve).on('error', reject);
  });
}

async function cpuSeconds(): Promise<number> {
  const metrics = await text(await ask('/metrics'));
  return Number(/^process_cpu_seconds_total(?:\{.*\})? ([\d.]+)/m.exec(metrics)?.[1]);
}

const customer = demoAccounts.find(({ roles }) => roles.length === 1 && roles[0] === 'customer');
if (customer === undefined) throw new Error('no demo account has the role customer alone');
const { access_token: token } = await signIn(`http://localhost:${AUTH_PORT}`, customer);

async function sendAll(): Promise<void> {
  let left = requests;
  const work = async () => {
    for (; left > 0; left--) {
      const answer = await ask('/cart', { authorization: `Bearer ${token}` });
      answer.resume();
      if (answer.statusCode !== 200) throw new Error(`GET /cart answered ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: together }, work));
}

await sendAll();
const taken: number[] = [];
for (let round = 1; round <= rounds; round++) {
  const before = await cpuSeconds();
  await sendAll();
  taken.push(((await cpuSeconds()) - before) * (1e6 / requests));
  console.log(`round ${round} of ${rounds}: ${taken.at(-1)?.toFixed(0)} µs of CPU time per request`);
}
console.log(`median: ${taken.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]?.toFixed(0)} µs`);
agent.destroy();
