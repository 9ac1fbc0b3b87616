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
const maxVisible = 2;

const queue = new ToastQueue<Message>({ maxVisibleToasts: maxVisible });
/** The messages that are shown, the newest last. A fault also has the session at the time of its message. */
const shown: { key: string; told?: { fault: Fault; before: SessionState } }[] = [];

// Closes the messages of faults that are resolved.
session.subscribe(() => closeFaults(({ fault, before }) => isOver(fault, before, session.state())));
// A new token or the end of a session means that auth-service has answered.
session.subscribe(() => closeFaults(({ fault }) => isAway(fault, 'auth-service')));
onHeard((service) => closeFaults(({ fault }) => isAway(fault, service)));

function isAway(fault: Fault, service: string): boolean {
  return fault.kind === 'service_down' && fault.service === service;
}

/** Shows a success message, which disappears by itself. */
export function tell(text: string): void {
  add({ text }, { timeout: shownMs });
}

/**
 * Shows a fault, and with `consequence` what it means for the person. It stays until it is closed, displaced or
 * resolved, or the person goes elsewhere on the page, so that there is time to read the request's number.
 */
export function tellFault(error: unknown, consequence?: string): void {
  const before = session.state();
  const fault = faultOf(error, before.status === 'signed_in' ? before.scopes : []);
  const timeout = fault.kind === 'rate_limited' ? Math.max(fault.seconds * 1000, shownMs) : undefined;
  add({ fault, consequence }, { told: { fault, before }, ...(timeout !== undefined && { timeout }) });
}

/** Closes all faults: they have nothing to do with what the person looks at now. */
export function dismissFaults(): void {
  closeFaults(() => true);
}

/**
 * Shows the outcome of an action, also when the component that started it is gone, such as a removed row. The callbacks
 * of a mutation's own call would not run then.
 *
 * @example report(unwish.mutateAsync(item.id), t('wishlist.removed', { name }))
 */
export function report(action: Promise<unknown>, done?: string): void {
  action.then(
    () => done !== undefined && tell(done),
    (error) => tellFault(error),
  );
}

/** Closes a displaced message. Otherwise the queue would show it again when there is room. */
function add(message: Message, { told, ...options }: AddOptions): void {
  shown.push({ key: queue.add(message, options), ...(told && { told }) });
  for (const { key } of shown.splice(0, shown.length - maxVisible)) queue.close(key);
}

type AddOptions = { readonly timeout?: number; readonly told?: { fault: Fault; before: SessionState } };

function closeFaults(wanted: (told: { fault: Fault; before: SessionState }) => boolean): void {
  for (const one of shown.filter(({ told }) => told !== undefined && wanted(told))) {
    shown.splice(shown.indexOf(one), 1);
    queue.close(one.key);
  }
}

/** The region for messages. */
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
