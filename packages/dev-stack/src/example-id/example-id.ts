import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { exampleIdDefinition } from '../services/definitions.ts';
import { commonEnvironment, originAt, type Ports } from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';

export type ExampleIdOptions = {
  ports: Ports & { exampleId: number };
  /** Folder for the log. */
  logs: string;
  onCrash?: ((message: string) => void) | undefined;
};

export type ExampleId = {
  service: Service;
  /** auth-service's settings that name it. */
  authEnvironment: NodeJS.ProcessEnv;
};

/**
 * Creates Example ID, an identity provider to try things with. Does not start it. It and auth-service share a secret
 * that is kept nowhere, since both get it when they start.
 */
export function createExampleId({ ports, logs, onCrash }: ExampleIdOptions): ExampleId {
  const { name } = exampleIdDefinition;
  const issuer = originAt(ports.exampleId);
  const here = `${originAt(ports.auth)}/providers/${name}`;
  const credentials = { client_id: 'latchkey', client_secret: randomBytes(32).toString('base64url') };
  const client = {
    ...credentials,
    client_name: 'Latchkey',
    redirect_uris: [`${here}/callback`],
    backchannel_logout_uri: `${here}/backchannel-logout`,
  };
  return {
    service: createService(exampleIdDefinition, {
      port: ports.exampleId,
      env: { ...commonEnvironment(ports.exampleId), ISSUER: issuer, CLIENTS: JSON.stringify([client]) },
      logFile: join(logs, `${name}.log`),
      onCrash,
    }),
    authEnvironment: {
      IDENTITY_PROVIDERS: JSON.stringify([{ id: name, name: 'Example ID', issuer, ...credentials }]),
    },
  };
}
