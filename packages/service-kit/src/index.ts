export {
  ConfigError,
  currentSetting,
  httpConfig,
  issuerEndpoints,
  loadConfig,
  serviceConfig,
} from './config.ts';
export { type Database, type DatabaseConfig, type DatabaseOptions, openDatabase } from './database.ts';
export { isDatabaseUnavailable } from './database-errors.ts';
export type { ErrorAnswer, ErrorForm } from './error-handler.ts';
export { eventStreamHeaders, eventStreamOpening } from './event-stream.ts';
export { idempotencyKeyOf, idempotencyKeySchema } from './idempotency-key.ts';
export { createLogger } from './logging.ts';
export { type Problem, ProblemError, type ProblemOptions, problemSchema } from './problem.ts';
export { type ProblemCode, problemCodes } from './problem-codes.ts';
export { refreshCookieName } from './refresh-cookie-name.ts';
export { type RunOptions, runService } from './run.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
export { baseUrl, faultOfUrl, issuerUrl, originUrl, redisUrl } from './setting-url.ts';
export { startService } from './start.ts';
export type { TraceContext } from './trace-context.ts';
