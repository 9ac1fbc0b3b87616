import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../src/index.ts';
import { type ServiceUnderTest, serviceUnderTest } from './service-under-test.ts';

type Operation = {
  security?: unknown;
  responses: Record<string, { content: Record<string, unknown> }>;
};

type OpenApi = {
  openapi: string;
  info: { title: string };
  components: { securitySchemes: Record<string, unknown> };
  security: unknown;
  paths: Record<string, Record<string, Operation>>;
};

let service: ServiceUnderTest;

beforeAll(async () => {
  service = await serviceUnderTest();
  const response = { 200: Type.Object({ id: Type.Union([Type.String(), Type.Null()]) }), 404: problemSchema };
  service.app.get('/things/:id', { schema: { response } }, async () => ({ id: null }));
  service.app.post('/things', { schema: { security: [] } }, async () => ({}));
});

afterAll(() => service.app.close());

describe('/docs', () => {
  it('publishes an OpenAPI document of the service’s own routes', async () => {
    const document = (await service.app.inject('/docs/json')).json<OpenApi>();
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.title).toBe('Test');
    expect(document.components.securitySchemes).toHaveProperty('bearer');
    expect(Object.keys(document.paths)).toEqual(['/things/{id}', '/things']);
  });

  it('says that a route needs a bearer token, unless the route is public', async () => {
    const { security, paths } = (await service.app.inject('/docs/json')).json<OpenApi>();
    expect(security).toEqual([{ bearer: [] }]);
    expect(paths['/things/{id}']?.get).not.toHaveProperty('security');
    expect(paths['/things']?.post?.security).toEqual([]);
  });

  it('says that errors are application/problem+json', async () => {
    const document = (await service.app.inject('/docs/json')).json<OpenApi>();
    const responses = document.paths['/things/{id}']?.get?.responses;
    expect(Object.keys(responses?.['404']?.content ?? {})).toEqual(['application/problem+json']);
    expect(Object.keys(responses?.['200']?.content ?? {})).toEqual(['application/json']);
  });

  it('has a page that its own content security policy lets work', async () => {
    const page = await service.app.inject('/docs/');
    expect(page.headers['content-type']).toContain('text/html');
    const policy = page.headers['content-security-policy'];
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    const script = await service.app.inject('/docs/static/swagger-ui-bundle.js');
    expect(script.statusCode).toBe(200);
  });
});
