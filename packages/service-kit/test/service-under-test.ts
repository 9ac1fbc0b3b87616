import { createService, type Problem, type Service, type ServiceOptions } from '../src/index.ts';

export type LoggedLine = {
  level: string;
  msg: string;
  [field: string]: unknown;
};

export type ServiceUnderTest = {
  app: Service;
  /** Everything written to the log so far, unparsed. */
  logText(): string;
  /** The same, parsed; throws when a line is not JSON. */
  logLines(): LoggedLine[];
};

/** A service whose log is recorded. Add routes, then use it; close it with `app.close()`. */
export async function serviceUnderTest(overrides: Partial<ServiceOptions> = {}): Promise<ServiceUnderTest> {
  let text = '';
  const app = await createService({
    name: 'test-service',
    title: 'Test',
    description: 'A service for tests.',
    logLevel: 'debug',
    corsOrigins: [],
    trustedProxies: [],
    logDestination: { write: (line: string) => (text += line) },
    ...overrides,
  });
  return {
    app,
    logText: () => text,
    logLines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LoggedLine),
  };
}

export type ProblemRequest = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  payload?: string;
  headers?: Record<string, string>;
};

/** The answer to a refused request, and its problem document. */
export async function problemOf({ app }: ServiceUnderTest, request: ProblemRequest) {
  const response = await app.inject(request);
  return { response, problem: response.json<Problem & Record<string, unknown>>() };
}
