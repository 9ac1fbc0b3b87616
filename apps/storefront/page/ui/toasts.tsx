import { Button } from 'react-aria-components/Button';
import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from 'react-aria-components/Toast';
import { useTranslation } from 'react-i18next';
import { type Fault, faultOf } from '../services/fault.ts';
import { session } from '../session/session.ts';
import { FaultText } from './fault-text.tsx';
import { Icon } from './icons.tsx';

type Message = { readonly text: string } | { readonly fault: Fault };

const shownMs = 6000;
const mostVisible = 2;

const queue = new ToastQueue<Message>({ maxVisibleToasts: mostVisible });
/** Of the messages that are shown, the newest last. */
const shown: string[] = [];

/** Says that something went as it was asked for. It goes away by itself. */
export function tell(text: string): void {
  add({ text }, { timeout: shownMs });
}

/** Says what went wrong. It stays until it is closed, or pushed out: somebody may want to read the request's number. */
export function tellFault(error: unknown): void {
  const state = session.state();
  add({ fault: faultOf(error, state.status === 'signed_in' ? state.scopes : []) });
}

/**
 * Says how something went, also when what asked for it has left the page meanwhile: a row that was moved away, a tab that
 * was changed. The callbacks of a mutation's own call would not come then.
 *
 * @example report(unwish.mutateAsync(item.id), t('wishlist.removed', { name }))
 */
export function report(deed: Promise<unknown>, done?: string): void {
  deed.then(() => done !== undefined && tell(done), tellFault);
}

/** What is pushed out is closed: the queue would show it once more when there is room again. */
function add(message: Message, options: { timeout?: number } = {}): void {
  shown.push(queue.add(message, options));
  for (const old of shown.splice(0, shown.length - mostVisible)) queue.close(old);
}

/** Where messages appear. */
export function Toasts() {
  const { t } = useTranslation();
  return (
    <ToastRegion queue={queue} className="toasts" aria-label={t('page.notifications')}>
      {({ toast }) => (
        <Toast toast={toast} className={`toast ${'fault' in toast.content ? 'bad' : 'good'}`}>
          <ToastContent className="toast-content">
            <Text slot="title" className="toast-text">
              {'fault' in toast.content ? <FaultText fault={toast.content.fault} /> : toast.content.text}
            </Text>
          </ToastContent>
          <Button slot="close" className="button icon" aria-label={t('page.close')}>
            <Icon name="close" />
          </Button>
        </Toast>
      )}
    </ToastRegion>
  );
}
