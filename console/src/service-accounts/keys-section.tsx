import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type {
  CreatedServiceKeyResponse,
  NewServiceKeyDto,
  ServiceAccountResponse,
  ServiceKeyResponse,
} from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Table } from '../components/table.js';
import { Time, useNow } from '../components/time.js';
import { useWords } from '../language/language.js';
import { KeyDialog } from './key-dialog.js';
import { KeyForm } from './key-form.js';
import { SERVICE_ACCOUNTS_KEY, useKeysOf } from './queries.js';
import styles from './service-accounts.module.css';
import { words } from './words.js';

const LATELY_MS = 3_600_000;

/** The keys of an account: made, replaced and retired. */
export function KeysSection({ account: { id, _links: links } }: { readonly account: ServiceAccountResponse }) {
  const say = useWords(words);
  const query = useKeysOf(id);
  const now = useNow().getTime();
  const [made, setMade] = useState<CreatedServiceKeyResponse>();
  const refresh = [[...SERVICE_ACCOUNTS_KEY, id, 'keys']];
  // About the key that the new one is to replace, if there is one.
  const making = useActDialog<CreatedServiceKeyResponse, NewServiceKeyDto, ServiceKeyResponse | undefined>(
    () => ({
      run: (body) => answer(api.POST('/service-accounts/{id}/keys', { params: { path: { id } }, body })),
      refresh,
    }),
    setMade,
  );
  const retiring = useActDialog<unknown, undefined, ServiceKeyResponse>((key) => ({
    run: () => answer(api.DELETE('/service-accounts/{id}/keys/{keyId}', { params: { path: { id, keyId: key.id } } })),
    done: () => ({ text: say.retired }),
    refresh,
  }));
  const lastUsedAt = retiring.about?.lastUsedAt ?? null;
  return (
    <div className={styles.section}>
      <div className={styles.head}>
        <h2>{say.keysTitle}</h2>
        {links['createKey'] && query.data && (
          <Button onClick={() => making.open(undefined)}>
            <Plus aria-hidden="true" />
            {say.addKey}
          </Button>
        )}
      </div>
      <QueryState
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <EmptyState title={say.noKeys}>
            <p>{say.noKeysWhy}</p>
          </EmptyState>
        }
      >
        {({ items }) => <KeysTable items={items} now={now} onReplace={making.open} onRetire={retiring.open} />}
      </QueryState>
      {making.dialog.open && (
        <KeyForm {...making.dialog} {...(making.about && { old: making.about })} onSubmit={making.submit} />
      )}
      <ConfirmDialog
        {...retiring.dialog}
        title={say.retireTitle(retiring.about?.name ?? '')}
        confirm={say.retire}
        kind="danger"
        onConfirm={() => retiring.submit(undefined)}
      >
        <p>{say.retireWhy}</p>
        {lastUsedAt !== null && now - Date.parse(lastUsedAt) < LATELY_MS && <p>{say.usedLately}</p>}
      </ConfirmDialog>
      {made && <KeyDialog made={made} onClose={() => setMade(undefined)} />}
    </div>
  );
}

interface KeysTableProps {
  readonly items: readonly ServiceKeyResponse[];
  readonly now: number;
  readonly onReplace: (key: ServiceKeyResponse) => void;
  readonly onRetire: (key: ServiceKeyResponse) => void;
}

function KeysTable({ items, now, onReplace, onRetire }: KeysTableProps) {
  const say = useWords(words);
  return (
    <Table label={say.keysTitle}>
      <thead>
        <tr>
          <HeadCell>{say.name}</HeadCell>
          <HeadCell>{say.keyBeginsWith}</HeadCell>
          <HeadCell>{say.networks}</HeadCell>
          <HeadCell>{say.lastUsed}</HeadCell>
          <HeadCell>{say.expires}</HeadCell>
          <HeadCell narrow>
            <span className="visually-hidden">{say.edit}</span>
          </HeadCell>
        </tr>
      </thead>
      <tbody>
        {items.map((key) => (
          <tr key={key.id}>
            <td>{key.name}</td>
            <td>
              <code>{key.prefix}</code>
            </td>
            <td className={styles.soft}>{key.networks.join(', ') || say.anyNetwork}</td>
            <td>
              {key.lastUsedAt === null ? say.neverUsed : <Time at={key.lastUsedAt} />}{' '}
              {key.lastUsedIp !== null && <span className={styles.soft}>{say.from(key.lastUsedIp)}</span>}
            </td>
            <td>
              {key.expiresAt === null ? say.never : <Time at={key.expiresAt} />}{' '}
              {key.expiresAt !== null && Date.parse(key.expiresAt) <= now && <Badge tone="bad">{say.expired}</Badge>}
            </td>
            <td>
              <span className={styles.acts}>
                <Button kind="quiet" aria-label={say.replaceKey(key.name)} onClick={() => onReplace(key)}>
                  {say.replace}
                </Button>
                <Button kind="quiet" aria-label={say.retireKey(key.name)} onClick={() => onRetire(key)}>
                  {say.retire}
                </Button>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
