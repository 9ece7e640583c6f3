import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type { WebhookResponse, WebhookWithSecret } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { useRowKeys } from '../components/use-row-keys.js';
import { useWords } from '../language/language.js';
import { useViewer } from '../session/session.js';
import { useWebhooks, WEBHOOKS_KEY } from './queries.js';
import { SecretDialog } from './secret-dialog.js';
import { Sinks } from './sinks.js';
import { WebhookForm, type WebhookInput } from './webhook-form.js';
import { WebhookState } from './webhook-state.js';
import styles from './webhooks.module.css';
import { words } from './words.js';

/** Where events are posted to, and how far each sink has come. */
export function WebhooksPage() {
  const say = useWords(words);
  const query = useWebhooks();
  const [secret, setSecret] = useState<string>();
  const adding = useActDialog<WebhookWithSecret, WebhookInput>(
    () => ({ run: (body) => answer(api.POST('/webhooks', { body })), refresh: [WEBHOOKS_KEY] }),
    (added) => setSecret(added.secret),
  );
  const addButton = (
    <Button kind="primary" onClick={() => adding.open()}>
      <Plus aria-hidden="true" />
      {say.add}
    </Button>
  );
  return (
    <Page title={say.title} actions={query.data && addButton}>
      <QueryState
        query={query}
        isEmpty={(webhooks) => webhooks.length === 0}
        empty={
          <EmptyState title={say.none}>
            <p>{say.noneWhy}</p>
          </EmptyState>
        }
      >
        {(webhooks) => <WebhooksTable webhooks={webhooks} />}
      </QueryState>
      <SinksSection />
      {adding.dialog.open && (
        <WebhookForm {...adding.dialog} title={say.add} submit={say.add} onSubmit={adding.submit} />
      )}
      {secret !== undefined && <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />}
    </Page>
  );
}

/** People who may not see the webhooks are told so once. */
function SinksSection() {
  const { error } = useWebhooks();
  const { role } = useViewer();
  return error !== null && role !== 'ADMIN' ? null : <Sinks />;
}

function WebhooksTable({ webhooks }: { readonly webhooks: readonly WebhookResponse[] }) {
  const say = useWords(words);
  const navigate = useNavigate();
  const open = (index: number): void => {
    const webhook = webhooks[index];
    if (webhook) void navigate({ to: '/webhooks/$id', params: { id: webhook.id } });
  };
  const { rowProps } = useRowKeys({ count: webhooks.length, onOpen: open, says: say.keys });
  return (
    <Table label={say.title}>
      <thead>
        <tr>
          <HeadCell>{say.url}</HeadCell>
          <HeadCell>{say.state}</HeadCell>
          <HeadCell>{say.types}</HeadCell>
          <HeadCell narrow align="end">
            {say.deliveryStates.pending}
          </HeadCell>
          <HeadCell narrow align="end">
            {say.deliveryStates.failed}
          </HeadCell>
          <HeadCell narrow>{say.created}</HeadCell>
        </tr>
      </thead>
      <tbody>
        {webhooks.map((webhook, index) => (
          <Row key={webhook.id} {...rowProps(index)}>
            <td>
              <Link to="/webhooks/$id" params={{ id: webhook.id }}>
                {webhook.url}
              </Link>
              {webhook.description !== null && <span className={styles.beside}>{webhook.description}</span>}
            </td>
            <td>
              <WebhookState webhook={webhook} />
            </td>
            <td className={styles.soft}>
              <code>{webhook.types.join(', ')}</code>
            </td>
            <td className={styles.number}>{say.count(webhook.deliveries.pending)}</td>
            <td className={styles.number}>{say.count(webhook.deliveries.failed)}</td>
            <td>
              <Time at={webhook.createdAt} />
            </td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
