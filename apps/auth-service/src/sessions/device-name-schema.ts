import { ProblemError } from '@latchkey/service-kit';
import { isBlank, oneLine, shownText } from '@latchkey/service-kit/text';
import { Type } from 'typebox';

/** Redis stores a session compactly while no value has more than 64 bytes. */
const maxDeviceNameBytes = 64;

/** One line of text as typed. It may be longer than the name that is kept. */
export const deviceNameSchema = Type.String({
  minLength: 1,
  maxLength: 8 * maxDeviceNameBytes,
  pattern: oneLine,
  description: `Only visible text is kept: at most ${maxDeviceNameBytes} bytes of UTF-8 in NFC`,
});

/**
 * Returns the part of a device name that is kept (see shownText). An attacker with a stolen password also names a
 * device, and must not be able to distort the owner's list.
 *
 * Throws ProblemError 400 `device_name_too_long`, `device_name_blank`.
 */
export function keptDeviceName(typed: string): string {
  const name = shownText(typed);
  if (Buffer.byteLength(name) > maxDeviceNameBytes) {
    throw new ProblemError({
      status: 400,
      code: 'device_name_too_long',
      detail: `device_name has at most ${maxDeviceNameBytes} bytes of UTF-8.`,
    });
  }
  if (isBlank(name)) {
    throw new ProblemError({
      status: 400,
      code: 'device_name_blank',
      detail: 'device_name has no visible character.',
    });
  }
  return name;
}
