import { useNavigate, useSearch } from '@tanstack/react-router';
import { useAct } from '../act/use-act.js';
import { answer, api } from '../api/client.js';
import type { DeliveryItem, ResentDeliveries, WebhookResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { Select } from '../components/select.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { useRowKeys } from '../components/use-row-keys.js';
import { PersonLink } from '../events/person-name.js';
import { useWords } from '../language/language.js';
import { DeliveryPanel } from './delivery-panel.js';
import { useDeliveries, WEBHOOKS_KEY } from './queries.js';
import { DeliveryBadge } from './webhook-state.js';
import styles from './webhooks.module.css';
import { DELIVERY_STATES, type WebhookSearch } from './webhooks-search.js';
import { words } from './words.js';

/** The deliveries to a webhook, the newest first. */
export function Deliveries({ webhook: { id, enabled, deliveries } }: { readonly webhook: WebhookResponse }) {
  const say = useWords(words);
  const { state, cursor, delivery } = useSearch({ from: '/webhooks/$id' });
  const navigate = useNavigate({ from: '/webhooks/$id' });
  const go = (change: WebhookSearch): void => void navigate({ search: (before) => ({ ...before, ...change }) });
  const query = useDeliveries(id, state, cursor);
  const resendAll = useAct({
    run: (): Promise<ResentDeliveries> =>
      answer(api.POST('/webhooks/{id}/deliveries/resend', { params: { path: { id } } })),
    done: ({ resent, more }) => ({ text: say.resent(resent), detail: more ? say.moreToResend : undefined }),
    refresh: [WEBHOOKS_KEY],
  });
  return (
    <div className={styles.section}>
      <div className={styles.bar}>
        <h2>{say.deliveries}</h2>
        <Select
          inline
          unset="any"
          label={say.state}
          value={state ?? 'any'}
          options={[
            { value: 'any', label: say.any },
            ...DELIVERY_STATES.map((value) => ({ value, label: say.deliveryStates[value] })),
          ]}
          onChange={(value) => go({ state: value === 'any' ? undefined : value, cursor: undefined })}
        />
        {deliveries.failed > 0 && (
          <Button onClick={() => void resendAll.start()} busy={resendAll.busy} disabled={!enabled}>
            {say.resendAll(say.count(deliveries.failed))}
          </Button>
        )}
      </div>
      <QueryState
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <EmptyState title={say.noDeliveries}>
            <p>{state === undefined ? say.noDeliveriesWhy : say.noDeliveriesInState}</p>
          </EmptyState>
        }
      >
        {({ items, page }) => (
          <>
            <DeliveriesTable items={items} busy={query.isPlaceholderData} onOpen={(one) => go({ delivery: one })} />
            <Pager
              onPrevious={page.prevCursor === null ? undefined : () => go({ cursor: page.prevCursor ?? undefined })}
              onNext={page.nextCursor === null ? undefined : () => go({ cursor: page.nextCursor ?? undefined })}
            />
          </>
        )}
      </QueryState>
      {delivery !== undefined && (
        <DeliveryPanel
          webhookId={id}
          deliveryId={delivery}
          canResend={enabled}
          onClose={() => go({ delivery: undefined })}
        />
      )}
    </div>
  );
}

interface DeliveriesTableProps {
  readonly items: readonly DeliveryItem[];
  readonly busy: boolean;
  readonly onOpen: (id: string) => void;
}

function DeliveriesTable({ items, busy, onOpen }: DeliveriesTableProps) {
  const say = useWords(words);
  const open = (index: number): void => {
    const item = items[index];
    if (item) onOpen(item.id);
  };
  const { rowProps } = useRowKeys({ count: items.length, onOpen: open, says: say.deliveryKeys });
  return (
    <Table label={say.deliveries} busy={busy}>
      <thead>
        <tr>
          <HeadCell>{say.type}</HeadCell>
          <HeadCell>{say.state}</HeadCell>
          <HeadCell>{say.person}</HeadCell>
          <HeadCell>{say.answer}</HeadCell>
          <HeadCell narrow align="end">
            {say.attempts}
          </HeadCell>
          <HeadCell>{say.nextAttempt}</HeadCell>
          <HeadCell narrow>{say.created}</HeadCell>
        </tr>
      </thead>
      <tbody>
        {items.map((item, index) => (
          <Row key={item.id} {...rowProps(index)}>
            <td>
              <button type="button" className={styles.open} onClick={() => onOpen(item.id)}>
                <code>{item.type}</code>
              </button>
            </td>
            <td>
              <DeliveryBadge state={item.state} />
            </td>
            <td>
              <PersonLink id={item.userId} />
            </td>
            <td className={styles.soft}>{lastAnswer(item, say.answered)}</td>
            <td className={styles.number}>{item.attempts.length}</td>
            <td>{item.nextAttemptAt === null ? '–' : <Time at={item.nextAttemptAt} />}</td>
            <td>
              <Time at={item.createdAt} />
            </td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function lastAnswer({ attempts: [last] }: DeliveryItem, answered: (status: number) => string): string {
  if (!last) return '–';
  return last.status === null ? (last.error ?? '–') : answered(last.status);
}
