import { Link, useParams } from '@tanstack/react-router';
import type { ServiceAccountResponse } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { Copy } from '../components/copy.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import { KeysSection } from './keys-section.js';
import { useServiceAccount } from './queries.js';
import { ServiceAccountActs } from './service-account-acts.js';
import { ScopesText } from './service-accounts-page.js';
import styles from './service-accounts.module.css';
import { words } from './words.js';

/** One service account: what it may do, and its keys. */
export function ServiceAccountPage() {
  const say = useWords(words);
  const { id } = useParams({ from: '/service-accounts/$id' });
  const query = useServiceAccount(id);
  const account = query.data;
  return (
    <Page
      title={account?.name ?? say.serviceAccount}
      heading={
        account && (
          <>
            {account.name} {account.status === 'SUSPENDED' && <Badge tone="bad">{say.statuses.SUSPENDED}</Badge>}
          </>
        )
      }
      actions={account && <ServiceAccountActs account={account} />}
    >
      <p className={styles.back}>
        <Link to="/service-accounts">← {say.title}</Link>
      </p>
      <QueryState query={query}>
        {(found) => (
          <>
            <Facts account={found} />
            <KeysSection account={found} />
          </>
        )}
      </QueryState>
    </Page>
  );
}

function Facts({ account }: { readonly account: ServiceAccountResponse }) {
  const say = useWords(words);
  const { id, role, scopes, createdAt } = account;
  return (
    <dl className={styles.facts}>
      <dt>{say.role}</dt>
      <dd>{say.roles[role]}</dd>
      <dt>{say.scopes}</dt>
      <dd>
        <ScopesText scopes={scopes} />
      </dd>
      <dt>{say.id}</dt>
      <dd>
        <code>{id}</code> <Copy text={id} label={say.copy(say.id)} />
        <div className={styles.soft}>{say.idHint}</div>
      </dd>
      <dt>{say.created}</dt>
      <dd>
        <Time at={createdAt} />
      </dd>
    </dl>
  );
}
