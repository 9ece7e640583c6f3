import type { WebhookResponse } from '../api/schema.js';
import { Copy } from '../components/copy.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import styles from './webhooks.module.css';
import { words } from './words.js';

export function WebhookFacts({ webhook }: { readonly webhook: WebhookResponse }) {
  const say = useWords(words);
  const { url, description, types, deliveries, failingSince, disabledAt, disabledReason } = webhook;
  const { previousSecretUntil, createdAt } = webhook;
  return (
    <dl className={styles.facts}>
      <dt>{say.url}</dt>
      <dd>
        <code>{url}</code> <Copy text={url} label={say.copyUrl} />
      </dd>
      {description !== null && (
        <>
          <dt>{say.description}</dt>
          <dd>{description}</dd>
        </>
      )}
      <dt>{say.types}</dt>
      <dd>
        <code>{types.join(', ')}</code>
      </dd>
      <dt>{say.deliveries}</dt>
      <dd>{say.counts(say.count(deliveries.pending), say.count(deliveries.failed))}</dd>
      {failingSince !== null && (
        <>
          <dt>{say.states.failing}</dt>
          <dd>
            {say.since} <Time at={failingSince} />. {say.failingWhy}
          </dd>
        </>
      )}
      {disabledAt !== null && disabledReason !== null && (
        <>
          <dt>{say.off}</dt>
          <dd>
            {say.since} <Time at={disabledAt} />. {say.disabledWhy[disabledReason]}
          </dd>
        </>
      )}
      {previousSecretUntil !== null && (
        <>
          <dt>{say.previousSecret}</dt>
          <dd>
            {say.until} <Time at={previousSecretUntil} absolute />. {say.previousSecretWhy}
          </dd>
        </>
      )}
      <dt>{say.created}</dt>
      <dd>
        <Time at={createdAt} />
      </dd>
    </dl>
  );
}
