// node protected-express.ts 1 express|express-oauth2-jwt-bearer: the same route in Express.
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import {
  answer,
  audience,
  type ServerSettings,
  scope,
  settingsVariable,
} from '../../experiments/auth-cost/settings.ts';
import { serveMeasured } from '../../processes/serve-measured.ts';
import { listening } from './listening.ts';

const { issuer, jwksUri }: ServerSettings = JSON.parse(process.env[settingsVariable] ?? '{}');
const way = process.argv[3] ?? '';
const app = express();
if (way !== 'express')
  app.use(auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }), requiredScopes(scope));
app.get(`/${way}`, (_request, response) => {
  response.json(answer);
});
await serveMeasured(listening(app));
