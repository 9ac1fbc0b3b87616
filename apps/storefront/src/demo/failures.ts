import { request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { ProblemError, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { Failures } from './api.ts';
import { tags } from './context.ts';

type Name = keyof Failures['stopped'];
const names = ['auth-service', 'redis'] as const satisfies Name[];

/** Stops and starts parts of the system by the control socket of the process that runs them. */
export async function failureRoutes(app: Service, { socket }: { socket: string | undefined }): Promise<void> {
  app.get('/failures', { schema: { summary: 'What is stopped', tags } }, async (): Promise<Failures> => {
    if (socket === undefined) return { available: false, stopped: { 'auth-service': false, redis: false } };
    return await ask(socket, { method: 'GET', path: '/' });
  });

  app.put(
    '/failures/:name',
    {
      schema: {
        summary: 'Stop a part of the system, or start it again',
        tags,
        params: Type.Object({ name: Type.Enum([...names]) }),
        body: Type.Object({ stopped: Type.Boolean() }),
      },
    },
    async (request): Promise<Failures> => {
      if (socket !== undefined)
        return await ask(socket, { method: 'PUT', path: `/${request.params.name}`, body: request.body });
      const detail = 'Nothing can be stopped from here: it can where npm start runs the system.';
      throw new ProblemError({ status: 409, code: 'not_available', detail });
    },
  );
}

type Asked = { readonly method: string; readonly path: string; readonly body?: unknown };

async function ask(socketPath: string, { method, path, body }: Asked): Promise<Failures> {
  const { promise, resolve, reject } = Promise.withResolvers<Failures>();
  const asked = httpRequest({ socketPath, method, path }, (response) => {
    json(response).then((answer) => {
      if (response.statusCode === 200) resolve({ available: true, stopped: stoppedIn(answer) });
      else reject(failed(String((answer as { message?: unknown }).message)));
    }, reject);
  });
  asked.on('error', () => reject(failed('The process that runs the system does not answer.')));
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}

function stoppedIn(answer: unknown): Failures['stopped'] {
  const { stopped = {} } = answer as { stopped?: Partial<Record<Name, boolean>> };
  return { 'auth-service': stopped['auth-service'] === true, redis: stopped.redis === true };
}

function failed(detail: string): ProblemError {
  return new ProblemError({ status: 502, code: 'control_failed', detail });
}
