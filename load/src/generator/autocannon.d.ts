// The part of autocannon that is used here, because the package brings no types.
declare module 'autocannon' {
  export type Options = {
    url: string;
    connections: number;
    pipelining: number;
    /** seconds */
    duration: number;
    /** How often autocannon checks whether it has been stopped, in milliseconds. */
    sampleInt: number;
    requests: Request[];
  };

  export type Request = {
    method?: 'GET' | 'POST';
    path: string;
    headers?: Readonly<Record<string, string>>;
    body?: string;
    /** Called before each request, which is then built anew. */
    setupRequest?: (request: Request) => Request;
  };

  export type Result = {
    '2xx': number;
    '4xx': number;
    '5xx': number;
    non2xx: number;
    errors: number;
    timeouts: number;
  };

  export interface Run extends PromiseLike<Result> {
    on(event: 'response', listener: () => void): this;
    stop(): void;
  }

  // biome-ignore lint/style/noDefaultExport: it is what autocannon has
  export default function autocannon(options: Options): Run;
}
