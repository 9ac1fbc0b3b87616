import { ProblemError } from '@latchkey/service-kit';
import { isBlank, shownText } from '@latchkey/service-kit/text';
import { Type } from 'typebox';

/** Redis keeps a session in its compact form while no value has more than 64 bytes. */
const MOST_DEVICE_NAME_BYTES = 64;

/** One line of text, as it is typed: it may be longer than what is kept of it. */
export const deviceNameSchema = Type.String({
  minLength: 1,
  maxLength: 8 * MOST_DEVICE_NAME_BYTES,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]+$',
  description: `What people see is kept: at most ${MOST_DEVICE_NAME_BYTES} bytes of UTF-8 in NFC`,
});

/**
 * What is kept of a device name that somebody sends: see shownText. Whoever stole a password names a device too, and must
 * not make the owner's list read otherwise.
 *
 * Throws ProblemError 400 `device_name_too_long`, `device_name_blank`.
 */
export function keptDeviceName(typed: string): string {
  const name = shownText(typed);
  if (Buffer.byteLength(name) > MOST_DEVICE_NAME_BYTES) {
    throw new ProblemError({
      status: 400,
      code: 'device_name_too_long',
      detail: `device_name has at most ${MOST_DEVICE_NAME_BYTES} bytes of UTF-8.`,
    });
  }
  if (isBlank(name)) {
    throw new ProblemError({
      status: 400,
      code: 'device_name_blank',
      detail: 'device_name has no character that can be seen.',
    });
  }
  return name;
}
