import { ProblemError } from '@latchkey/service-kit';
import { Type } from 'typebox';

const MOST_DEVICE_NAME_BYTES = 64;

/** One line of text. */
export const deviceNameSchema = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]+$',
});

/** Redis keeps a session in its compact form while no value has more than 64 bytes. */
export function refuseLongDeviceName(name: string | undefined): void {
  if (name === undefined || Buffer.byteLength(name) <= MOST_DEVICE_NAME_BYTES) return;
  throw new ProblemError({
    status: 400,
    code: 'device_name_too_long',
    detail: `device_name has at most ${MOST_DEVICE_NAME_BYTES} bytes of UTF-8.`,
  });
}
