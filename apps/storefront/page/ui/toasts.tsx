import type { SessionState } from '@latchkey/auth-browser';
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
import { isOver } from '../services/fault-end.ts';
import { onHeard } from '../services/heard.ts';
import { session } from '../session/session.ts';
import { FaultText } from './fault-text.tsx';
import { Icon } from './icons.tsx';

type Told = { readonly fault: Fault; readonly consequence: string | undefined };
type Message = { readonly text: string } | Told;

const shownMs = 6000;
const mostVisible = 2;

const queue = new ToastQueue<Message>({ maxVisibleToasts: mostVisible });
/** Of the messages that are shown, the newest last; of a fault also who was signed in when it was told. */
const shown: { key: string; told?: { fault: Fault; before: SessionState } }[] = [];

// A fault that has been put right is told no longer.
session.subscribe(() => closeFaults(({ fault, before }) => isOver(fault, before, session.state())));
// A new token, or the end of a session, is an answer of auth-service.
session.subscribe(() => closeFaults(({ fault }) => isAway(fault, 'auth-service')));
onHeard((service) => closeFaults(({ fault }) => isAway(fault, service)));

function isAway(fault: Fault, service: string): boolean {
  return fault.kind === 'service_down' && fault.service === service;
}

/** Says that something went as it was asked for. It goes away by itself. */
export function tell(text: string): void {
  add({ text }, { timeout: shownMs });
}

/**
 * Says what went wrong, and with `consequence` what that means for the person. It stays until it is closed, pushed out or put
 * right, or the person goes elsewhere on the page: somebody may want to read the request's number.
 */
export function tellFault(error: unknown, consequence?: string): void {
  const before = session.state();
  const fault = faultOf(error, before.status === 'signed_in' ? before.scopes : []);
  const timeout = fault.kind === 'rate_limited' ? Math.max(fault.seconds * 1000, shownMs) : undefined;
  add({ fault, consequence }, { told: { fault, before }, ...(timeout !== undefined && { timeout }) });
}

/** Takes away what was told of faults: what somebody looks at now has nothing to do with it. */
export function dismissFaults(): void {
  closeFaults(() => true);
}

/**
 * Says how something went, also when what asked for it has left the page meanwhile: a row that was moved away, a tab that
 * was changed. The callbacks of a mutation's own call would not come then.
 *
 * @example report(unwish.mutateAsync(item.id), t('wishlist.removed', { name }))
 */
export function report(deed: Promise<unknown>, done?: string): void {
  deed.then(
    () => done !== undefined && tell(done),
    (error) => tellFault(error),
  );
}

/** What is pushed out is closed: the queue would show it once more when there is room again. */
function add(message: Message, { told, ...options }: AddOptions): void {
  shown.push({ key: queue.add(message, options), ...(told && { told }) });
  for (const { key } of shown.splice(0, shown.length - mostVisible)) queue.close(key);
}

type AddOptions = { readonly timeout?: number; readonly told?: { fault: Fault; before: SessionState } };

function closeFaults(wanted: (told: { fault: Fault; before: SessionState }) => boolean): void {
  for (const one of shown.filter(({ told }) => told !== undefined && wanted(told))) {
    shown.splice(shown.indexOf(one), 1);
    queue.close(one.key);
  }
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
              {'fault' in toast.content ? <FaultText {...toast.content} /> : toast.content.text}
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
