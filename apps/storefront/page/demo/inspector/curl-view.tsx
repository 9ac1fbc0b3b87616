import { useTranslation } from 'react-i18next';
import type { PageRequest } from '../../traffic/traffic.ts';
import { CopyButton } from './copy-button.tsx';
import { curlOf } from './curl.ts';

/** The request as a curl command. */
export function CurlView({ request }: { readonly request: PageRequest }) {
  const { t } = useTranslation('demo');
  const command = curlOf(request, location.origin);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="demo-code" tabIndex={0}>
        <code>{command}</code>
      </pre>
      <div className="demo-actions">
        <CopyButton text={command} copied={t('inspector.copied')}>
          {t('inspector.copy')}
        </CopyButton>
        <span className="demo-about">
          {t(request.proof === null ? 'inspector.curl_note' : 'inspector.curl_bound')}
        </span>
      </div>
    </>
  );
}
