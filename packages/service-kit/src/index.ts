export {
  ConfigError,
  currentSetting,
  httpConfig,
  issuerEndpoints,
  loadConfig,
  serviceConfig,
} from './config.ts';
export { type Database, type DatabaseOptions, openDatabase } from './database.ts';
export { isDatabaseUnavailable } from './database-errors.ts';
export { createLogger } from './logging.ts';
export { type Problem, ProblemError, type ProblemOptions, problemSchema } from './problem.ts';
export { type RunOptions, runService } from './run.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
export { startService } from './start.ts';
export type { TraceContext } from './trace-context.ts';
