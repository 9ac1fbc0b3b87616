export { isDatabaseUnavailable } from './database/errors.ts';
export {
  type Database,
  type DatabaseConfig,
  type DatabaseOptions,
  openDatabase,
} from './database/open-database.ts';
export { nowOrNever } from './database/transactions.ts';
export { type RunOptions, runService } from './lifecycle/run.ts';
export { startService } from './lifecycle/start.ts';
export { createLogger } from './logging/logging.ts';
export type { TraceContext } from './logging/trace-context.ts';
export { type Problem, ProblemError, type ProblemOptions, problemSchema } from './problems/problem.ts';
export { type ProblemCode, problemCodes } from './problems/problem-codes.ts';
export { refreshCookieName } from './refresh-cookie-name.ts';
export type { ErrorAnswer, ErrorForm } from './requests/error-handler.ts';
export { eventStreamHeaders, eventStreamOpening } from './requests/event-stream.ts';
export { headerValues } from './requests/header-values.ts';
export { idempotencyKeyOf, idempotencyKeySchema } from './requests/idempotency-key.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
export {
  ConfigError,
  currentSetting,
  httpConfig,
  issuerEndpoints,
  loadConfig,
  serviceConfig,
} from './settings/config.ts';
export { type RedisAddress, readRedisUrl, redisUrl } from './settings/redis-url.ts';
export { faultOfEnds } from './settings/setting-text.ts';
export { baseUrl, faultOfUrl, issuerUrl, originUrl } from './settings/setting-url.ts';
