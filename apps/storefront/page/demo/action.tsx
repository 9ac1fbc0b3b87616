import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useAnnounce } from './announcer.tsx';
import { boundToken } from './demo-api.ts';

type ActionOptions<Input, Result> = {
  readonly work: (input: Input) => Promise<Result>;
  /** The text to announce after a success. */
  readonly say: (result: Result) => string;
};

/** An action of a panel, which really happens. Announces the outcome, and reads again what it may have changed. */
export function useAction<Result, Input = void>({ work, say }: ActionOptions<Input, Result>) {
  const announce = useAnnounce();
  const failure = useFailure();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: (result) => announce(say(result)),
    onError: (error) => announce(failure(error)),
    onSettled: () => queries.invalidateQueries({ queryKey: ['demo', 'state'] }),
  });
}

function useFailure(): (error: unknown) => string {
  const { t } = useTranslation('demo');
  return (error) => {
    const code = codeOf(error);
    return code === boundToken ? t('binding.server_cannot') : t('common.failed', { code });
  };
}

/** The code of an error, as the service or the session gives it; else its name. */
export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown';
}

/** Shows that an action runs, or why it failed. */
export function ActionState({
  action,
}: {
  readonly action: { readonly isPending: boolean; readonly error: unknown };
}) {
  const { t } = useTranslation('demo');
  const failure = useFailure();
  if (action.isPending) return <p className="demo-busy">{t('common.busy')}</p>;
  if (action.error === null) return null;
  const look = codeOf(action.error) === boundToken ? 'demo-about' : 'demo-fault';
  return <p className={look}>{failure(action.error)}</p>;
}
