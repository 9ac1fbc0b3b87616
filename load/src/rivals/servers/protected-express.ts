// node protected-express.ts none|express-oauth2-jwt-bearer <issuer> <origin of auth-service>: the same route in Express.
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { serveMeasured } from '../../processes/serve-measured.ts';
import { answer, audience, scope } from './answer.ts';
import { listening } from './listening.ts';

const [kind = 'none', issuer = '', origin = ''] = process.argv.slice(2);
const app = express();
if (kind !== 'none') {
  const jwksUri = `${origin}/.well-known/jwks.json`;
  app.use(auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }), requiredScopes(scope));
}
app.get('/', (_request, response) => {
  response.json(answer);
});
await serveMeasured(listening(app));
