import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { exampleIdDefinition } from '../services/definitions.ts';
import { commonEnvironment, issuerAt, type Ports } from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';

export type ExampleIdOptions = {
  ports: Ports & { exampleId: number };
  /** With which auth-service proves who it is. */
  secret: string;
  /** Folder for the log. */
  logs: string;
  onCrash?: ((message: string) => void) | undefined;
};

/** Both sides get it when they start, so it is kept nowhere. */
export function makeExampleIdSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Creates Example ID, an identity provider to try things with, which knows auth-service. Does not start it. */
export function createExampleId({ ports, secret, logs, onCrash }: ExampleIdOptions): Service {
  const { name } = exampleIdDefinition;
  const provider = `${issuerAt(ports.auth)}/providers/${name}`;
  const client = {
    client_id: 'latchkey',
    client_secret: secret,
    client_name: 'Latchkey',
    redirect_uris: [`${provider}/callback`],
    backchannel_logout_uri: `${provider}/backchannel-logout`,
  };
  return createService(exampleIdDefinition, {
    port: ports.exampleId,
    env: {
      ...commonEnvironment(ports.exampleId),
      ISSUER: `http://localhost:${ports.exampleId}`,
      CLIENTS: JSON.stringify([client]),
    },
    logFile: join(logs, `${name}.log`),
    onCrash,
  });
}
