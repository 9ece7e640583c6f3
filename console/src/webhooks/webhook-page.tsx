import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '../act/use-act.js';
import { answer, api } from '../api/client.js';
import type { ChangeWebhookDto, WebhookResponse, WebhookTestResponse, WebhookWithSecret } from '../api/schema.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { useWords } from '../language/language.js';
import { Deliveries } from './deliveries.js';
import { useWebhook, WEBHOOKS_KEY } from './queries.js';
import { SecretDialog } from './secret-dialog.js';
import { TestOutcome } from './test-outcome.js';
import { WebhookFacts } from './webhook-facts.js';
import { WebhookForm } from './webhook-form.js';
import { WebhookState } from './webhook-state.js';
import styles from './webhooks.module.css';
import { words } from './words.js';

/** One webhook: where it leads, how it is doing, and its deliveries. */
export function WebhookPage() {
  const say = useWords(words);
  const { id } = useParams({ from: '/webhooks/$id' });
  const query = useWebhook(id);
  const webhook = query.data;
  return (
    <Page
      title={webhook ? hostOf(webhook.url) : say.webhook}
      heading={
        webhook && (
          <>
            {hostOf(webhook.url)} <WebhookState webhook={webhook} />
          </>
        )
      }
      actions={webhook && <Acts webhook={webhook} />}
    >
      <p className={styles.back}>
        <Link to="/webhooks">← {say.title}</Link>
      </p>
      <QueryState query={query}>
        {(found) => (
          <>
            <WebhookFacts webhook={found} />
            <Deliveries webhook={found} />
          </>
        )}
      </QueryState>
    </Page>
  );
}

function hostOf(url: string): string {
  return new URL(url).host;
}

type Open = 'edit' | 'disable' | 'rotate' | 'delete';

function Acts({ webhook }: { readonly webhook: WebhookResponse }) {
  const say = useWords(words);
  const navigate = useNavigate();
  const { id, enabled } = webhook;
  const [open, setOpen] = useState<Open>();
  const [secret, setSecret] = useState<string>();
  const [outcome, setOutcome] = useState<WebhookTestResponse>();
  const path = { params: { path: { id } } };
  const common = { refresh: [WEBHOOKS_KEY], errors: 'caller' } as const;
  const change = useAct<ChangeWebhookDto>({
    ...common,
    run: (body) => answer(api.PATCH('/webhooks/{id}', { ...path, body })),
    done: (_, body) => ({ text: body.enabled === undefined ? say.changed : body.enabled ? say.enabled : say.disabled }),
  });
  const enable = useAct({
    run: () => answer(api.PATCH('/webhooks/{id}', { ...path, body: { enabled: true } })),
    done: () => ({ text: say.enabled }),
    refresh: [WEBHOOKS_KEY],
  });
  const rotate = useAct({
    ...common,
    run: (): Promise<WebhookWithSecret> => answer(api.POST('/webhooks/{id}/rotate-secret', path)),
  });
  const remove = useAct({
    errors: 'caller',
    refresh: [[...WEBHOOKS_KEY, 'list']],
    run: () => answer(api.DELETE('/webhooks/{id}', path)),
    done: () => ({ text: say.deleted }),
  });
  const test = useAct({
    run: (): Promise<WebhookTestResponse> => answer(api.POST('/webhooks/{id}/test', path)),
    refresh: [],
  });
  const close = (): void => {
    setOpen(undefined);
    for (const act of [change, rotate, remove]) act.reset();
  };
  const save = async (body: ChangeWebhookDto): Promise<void> => {
    if (await change.start(body)) close();
  };
  const makeSecret = async (): Promise<void> => {
    const done = await rotate.start();
    if (!done) return;
    close();
    setSecret(done.output.secret);
  };
  const erase = async (): Promise<void> => {
    if (await remove.start()) void navigate({ to: '/webhooks' });
  };
  const tryOut = async (): Promise<void> => setOutcome((await test.start())?.output);
  return (
    <>
      <Button onClick={() => void tryOut()} busy={test.busy}>
        {say.test}
      </Button>
      <Button onClick={() => setOpen('edit')}>{say.edit}</Button>
      <Button onClick={() => setOpen('rotate')}>{say.rotate}</Button>
      {enabled ? (
        <Button onClick={() => setOpen('disable')}>{say.disable}</Button>
      ) : (
        <Button kind="primary" onClick={() => void enable.start()} busy={enable.busy}>
          {say.enable}
        </Button>
      )}
      <Button kind="danger" onClick={() => setOpen('delete')}>
        {say.delete}
      </Button>
      {open === 'edit' && (
        <WebhookForm
          title={say.edit}
          submit={say.save}
          webhook={webhook}
          onSubmit={(input) => void save(input)}
          onClose={close}
          busy={change.busy}
          error={change.error}
        />
      )}
      <ConfirmDialog
        open={open === 'disable'}
        onClose={close}
        title={say.disable}
        confirm={say.disable}
        onConfirm={() => void save({ enabled: false })}
        busy={change.busy}
        error={change.error}
      >
        <p>{say.disableWhy}</p>
      </ConfirmDialog>
      <ConfirmDialog
        open={open === 'rotate'}
        onClose={close}
        title={say.rotate}
        confirm={say.rotateConfirm}
        onConfirm={() => void makeSecret()}
        busy={rotate.busy}
        error={rotate.error}
      >
        <p>{say.rotateWhy}</p>
      </ConfirmDialog>
      <ConfirmDialog
        open={open === 'delete'}
        onClose={close}
        title={say.deleteTitle(hostOf(webhook.url))}
        confirm={say.delete}
        kind="danger"
        onConfirm={() => void erase()}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{say.deleteWhy}</p>
      </ConfirmDialog>
      {secret !== undefined && <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />}
      {outcome && <TestOutcome outcome={outcome} onClose={() => setOutcome(undefined)} />}
    </>
  );
}
