import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { useAct } from '../act/use-act.js';
import { answer, api } from '../api/client.js';
import type { DeliveryAttempt, DeliveryWithMessage } from '../api/schema.js';
import { Button } from '../components/button.js';
import { CodeBlock } from '../components/code-block.js';
import { Dialog } from '../components/dialog.js';
import { QueryState } from '../components/query-state.js';
import { Refusal } from '../components/refusal.js';
import { Time } from '../components/time.js';
import { PersonLink } from '../events/person-name.js';
import { useWords } from '../language/language.js';
import { useDelivery, WEBHOOKS_KEY } from './queries.js';
import { DeliveryBadge } from './webhook-state.js';
import styles from './webhooks.module.css';
import { words } from './words.js';

interface DeliveryPanelProps {
  readonly webhookId: string;
  readonly deliveryId: string;
  /** Nothing is sent to a webhook that is off. */
  readonly canResend: boolean;
  readonly onClose: () => void;
}

/** One delivery: its message, and every answer. */
export function DeliveryPanel({ webhookId, deliveryId, canResend, onClose }: DeliveryPanelProps) {
  const say = useWords(words);
  const close = useRef<HTMLButtonElement>(null);
  const query = useDelivery(webhookId, deliveryId);
  const resend = useAct({
    run: () =>
      answer(
        api.POST('/webhooks/{id}/deliveries/{deliveryId}/resend', { params: { path: { id: webhookId, deliveryId } } }),
      ),
    done: () => ({ text: say.resent(1) }),
    refresh: [WEBHOOKS_KEY],
    errors: 'caller',
  });
  return (
    <Dialog
      open
      wide
      // A time would show its tooltip, and Esc close only that.
      initialFocus={close}
      onClose={onClose}
      title={query.data?.type ?? say.delivery}
      actions={
        <>
          <Button ref={close} onClick={onClose}>
            {say.close}
          </Button>
          <Button
            kind="primary"
            onClick={() => void resend.start()}
            busy={resend.busy}
            disabled={!canResend || query.data === undefined}
          >
            {say.resend}
          </Button>
        </>
      }
    >
      <QueryState query={query}>{(delivery) => <Details delivery={delivery} />}</QueryState>
      <Refusal error={resend.error} />
    </Dialog>
  );
}

function Details({ delivery }: { readonly delivery: DeliveryWithMessage }) {
  const say = useWords(words);
  const { state, userId, position, eventId, attempts, message, nextAttemptAt } = delivery;
  return (
    <>
      <dl className={styles.facts}>
        <dt>{say.state}</dt>
        <dd>
          <DeliveryBadge state={state} />
          {nextAttemptAt !== null && (
            <>
              {' '}
              {say.nextAttempt}: <Time at={nextAttemptAt} />
            </>
          )}
        </dd>
        <dt>{say.person}</dt>
        <dd>
          <PersonLink id={userId} />
        </dd>
        <dt>{say.event}</dt>
        <dd>
          <Link to="/events" search={{ event: String(position) }}>
            {position}
          </Link>{' '}
          · <code>{eventId}</code>
        </dd>
      </dl>
      <h3>{say.attempts}</h3>
      {attempts.length === 0 ? (
        <p className={styles.soft}>{say.noAttempts}</p>
      ) : (
        <ol className={styles.attempts}>
          {attempts.map((attempt, index) => (
            <Attempt key={attempt.at} attempt={attempt} number={attempts.length - index} />
          ))}
        </ol>
      )}
      <h3>{say.message}</h3>
      {message ? <CodeBlock label={say.message} value={message} /> : <p className={styles.soft}>{say.noMessage}</p>}
    </>
  );
}

interface AttemptProps {
  readonly attempt: DeliveryAttempt;
  /** 1 for the first one. */
  readonly number: number;
}

function Attempt({ attempt: { at, durationMs, status, error, answer: body }, number }: AttemptProps) {
  const say = useWords(words);
  return (
    <li>
      <Time at={at} absolute /> · {status === null ? error : say.answered(status)} · {say.milliseconds(durationMs)}
      {body !== null && <CodeBlock label={say.answerTo(number)} value={body} />}
    </li>
  );
}
