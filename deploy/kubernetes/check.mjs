// Signs in, uses a token and signs out, and tries the connections that must not open:
//   kubectl exec -i deploy/storefront -- node --input-type=module - USERNAME PASSWORD redis:6379 postgres:5432 <check.mjs
// try-on-kind.sh runs it. AUTH_URL and CART_URL say where the services are, if not at their names in the cluster.
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [username, password, ...closed] = process.argv.slice(2);
const { AUTH_URL = 'http://auth-service:4000', CART_URL = 'http://cart-service:4001' } = process.env;

function check(what, isSo) {
  console.log(`${isSo ? 'ok    ' : 'FAILED'} ${what}`);
  if (!isSo) process.exitCode = 1;
}

const credentials = { client_id: 'latchkey-cli', username, password };
const answer = await fetch(`${AUTH_URL}/sessions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(credentials),
});
check(`${username} signs in`, answer.status === 201);
const headers = { authorization: `Bearer ${(await answer.json()).access_token}` };
const cart = async () => (await fetch(`${CART_URL}/cart`, { headers })).status;
check('cart-service accepts the token', (await cart()) === 200);
const end = await fetch(`${AUTH_URL}/sessions/current`, { method: 'DELETE', headers });
check('the person signs out', end.ok);
let status = await cart();
for (let tries = 0; status === 200 && tries < 100; tries++) {
  await delay(10);
  status = await cart();
}
check('cart-service refuses the token within a second, by the feed', status === 401);

for (const address of closed) {
  const [host, port] = address.split(':');
  const opened = await new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 3000 });
    for (const event of ['connect', 'timeout', 'error'])
      socket.once(event, () => {
        socket.destroy();
        resolve(event === 'connect');
      });
  });
  check(`${address} cannot be reached from here`, !opened);
}
