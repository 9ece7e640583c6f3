import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { changesIn } from '../act/changes-in.js';
import { useAct } from '../act/use-act.js';
import { useActDialog } from '../act/use-act-dialog.js';
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
import { WebhookForm, type WebhookInput } from './webhook-form.js';
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

function Acts({ webhook }: { readonly webhook: WebhookResponse }) {
  const say = useWords(words);
  const navigate = useNavigate();
  const { id, enabled } = webhook;
  const [secret, setSecret] = useState<string>();
  const [outcome, setOutcome] = useState<WebhookTestResponse>();
  const path = { params: { path: { id } } };
  const change = (body: ChangeWebhookDto) => answer(api.PATCH('/webhooks/{id}', { ...path, body }));
  const editing = useActDialog<unknown, WebhookInput, WebhookResponse>((seen) => ({
    run: async (input) => {
      const body = changesIn(input, seen);
      if (Object.keys(body).length > 0) await change(body);
    },
    done: () => ({ text: say.changed }),
    refresh: [WEBHOOKS_KEY],
  }));
  const disabling = useActDialog(() => ({
    run: () => change({ enabled: false }),
    done: () => ({ text: say.disabled }),
    refresh: [WEBHOOKS_KEY],
  }));
  const enable = useAct({
    run: () => change({ enabled: true }),
    done: () => ({ text: say.enabled }),
    refresh: [WEBHOOKS_KEY],
  });
  const rotating = useActDialog<WebhookWithSecret>(
    () => ({ run: () => answer(api.POST('/webhooks/{id}/rotate-secret', path)), refresh: [WEBHOOKS_KEY] }),
    (rotated) => setSecret(rotated.secret),
  );
  const deleting = useActDialog(
    () => ({
      run: () => answer(api.DELETE('/webhooks/{id}', path)),
      done: () => ({ text: say.deleted }),
      refresh: [[...WEBHOOKS_KEY, 'list']],
    }),
    () => void navigate({ to: '/webhooks' }),
  );
  const test = useAct({
    run: (): Promise<WebhookTestResponse> => answer(api.POST('/webhooks/{id}/test', path)),
    refresh: [],
  });
  const tryOut = async (): Promise<void> => setOutcome((await test.start())?.output);
  return (
    <>
      <Button onClick={() => void tryOut()} busy={test.busy}>
        {say.test}
      </Button>
      <Button onClick={() => editing.open(webhook)}>{say.edit}</Button>
      <Button onClick={() => rotating.open()}>{say.rotate}</Button>
      {enabled ? (
        <Button onClick={() => disabling.open()}>{say.disable}</Button>
      ) : (
        <Button kind="primary" onClick={() => void enable.start()} busy={enable.busy}>
          {say.enable}
        </Button>
      )}
      <Button kind="danger" onClick={() => deleting.open()}>
        {say.delete}
      </Button>
      {editing.about && (
        <WebhookForm
          {...editing.dialog}
          title={say.edit}
          submit={say.save}
          webhook={editing.about}
          onSubmit={editing.submit}
        />
      )}
      <ConfirmDialog
        {...disabling.dialog}
        title={say.disable}
        confirm={say.disable}
        onConfirm={() => disabling.submit()}
      >
        <p>{say.disableWhy}</p>
      </ConfirmDialog>
      <ConfirmDialog
        {...rotating.dialog}
        title={say.rotate}
        confirm={say.rotateConfirm}
        onConfirm={() => rotating.submit()}
      >
        <p>{say.rotateWhy}</p>
      </ConfirmDialog>
      <ConfirmDialog
        {...deleting.dialog}
        title={say.deleteTitle(hostOf(webhook.url))}
        confirm={say.delete}
        kind="danger"
        onConfirm={() => deleting.submit()}
      >
        <p>{say.deleteWhy}</p>
      </ConfirmDialog>
      {secret !== undefined && <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />}
      {outcome && <TestOutcome outcome={outcome} onClose={() => setOutcome(undefined)} />}
    </>
  );
}
