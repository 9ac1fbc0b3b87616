import type { Service } from '@latchkey/service-kit';
import type { Config } from '../config.ts';

export type DemoOptions = { readonly config: Config };

/** Demo mode. */
export async function demo(_app: Service, _options: DemoOptions): Promise<void> {}
