import { expect, test } from 'vitest';
import { runAuthCommand } from '../../src/services/auth-command.ts';

test('a command that a setting keeps from running tells of every faulty one, in one line', async () => {
  const { PATH, NODE_OPTIONS } = process.env;
  const failed = runAuthCommand({
    command: 'register-applications',
    lines: [],
    env: { PATH, NODE_OPTIONS, ISSUER: 'nowhere', PORT: 'none' },
  });
  await expect(failed).rejects.toThrow(
    /^register-applications failed: The configuration is not valid: - .*PORT is not valid.* - .*ISSUER is not valid.*$/,
  );
});
