import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../src/index.ts';
import { type ServiceUnderTest, serviceUnderTest } from './service-under-test.ts';

interface OpenApi {
  openapi: string;
  info: { title: string };
  components: { securitySchemes: Record<string, unknown> };
  paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, unknown> }> }>>;
}

let service: ServiceUnderTest;

beforeAll(async () => {
  service = await serviceUnderTest();
  const response = { 200: Type.Object({ id: Type.Union([Type.String(), Type.Null()]) }), 404: problemSchema };
  service.app.get('/things/:id', { schema: { response } }, async () => ({ id: null }));
});

afterAll(() => service.app.close());

describe('/docs', () => {
  it('publishes an OpenAPI document of the service’s own routes', async () => {
    const document = (await service.app.inject('/docs/json')).json<OpenApi>();
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.title).toBe('Test');
    expect(document.components.securitySchemes).toHaveProperty('bearer');
    expect(Object.keys(document.paths)).toEqual(['/things/{id}']);
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
