import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';

const readRoute = {
  summary: 'Read one’s own',
  tags: ['sample'],
  security: [{ bearer: ['sample:read'] }],
  response: {
    200: Type.Object({ subject: Type.String() }),
    401: problemSchema,
    403: problemSchema,
    500: problemSchema,
    503: problemSchema,
  },
};

/** The routes of sample-service. */
export async function sampleRoutes(app: Service): Promise<void> {
  const mayRead = app.requireScope('sample:read');

  app.get('/sample', { onRequest: mayRead, schema: readRoute }, async (request) => ({
    subject: request.auth.subject,
  }));
}
