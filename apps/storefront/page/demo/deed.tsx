import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useAnnounce } from './announcer.tsx';

type DeedOptions<Input, Result> = {
  readonly work: (input: Input) => Promise<Result>;
  /** What is said of the result. */
  readonly say: (result: Result) => string;
};

/** Something that a panel does for real. Its outcome is announced; whatever it may have changed is read again. */
export function useDeed<Result, Input = void>({ work, say }: DeedOptions<Input, Result>) {
  const { t } = useTranslation('demo');
  const announce = useAnnounce();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: (result) => announce(say(result)),
    onError: (error) => announce(t('common.failed', { code: codeOf(error) })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['demo', 'state'] }),
  });
}

/** A word for what went wrong: the code of whoever refused. */
export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown';
}

/** What a deed has to say for itself while it runs, or when it failed. */
export function DeedState({
  deed,
}: {
  readonly deed: { readonly isPending: boolean; readonly error: unknown };
}) {
  const { t } = useTranslation('demo');
  if (deed.isPending) return <p className="demo-busy">{t('common.busy')}</p>;
  if (deed.error === null) return null;
  return <p className="demo-fault">{t('common.failed', { code: codeOf(deed.error) })}</p>;
}
