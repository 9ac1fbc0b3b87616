import { useTranslation } from 'react-i18next';
import type { PageRequest } from '../../traffic/traffic.ts';
import { Button } from '../../ui/button.tsx';
import { useAnnounce } from '../announcer.tsx';
import { curlOf } from './curl.ts';

/** The request as a command, to be tried elsewhere. */
export function CurlView({ request }: { readonly request: PageRequest }) {
  const { t } = useTranslation('demo');
  const announce = useAnnounce();
  const command = curlOf(request, location.origin);
  const copy = () =>
    navigator.clipboard.writeText(command).then(
      () => announce(t('inspector.copied')),
      () => announce(t('inspector.not_copied')),
    );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="demo-code" tabIndex={0}>
        <code>{command}</code>
      </pre>
      <div className="demo-actions">
        <Button onPress={() => void copy()}>{t('inspector.copy')}</Button>
        <span className="demo-about">{t('inspector.curl_note')}</span>
      </div>
    </>
  );
}
