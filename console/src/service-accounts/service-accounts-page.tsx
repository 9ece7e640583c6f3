import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type { NewServiceAccountDto, Scope, ServiceAccountResponse } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { useRowKeys } from '../components/use-row-keys.js';
import { useWords } from '../language/language.js';
import { SERVICE_ACCOUNTS_KEY, useServiceAccounts } from './queries.js';
import { ServiceAccountForm } from './service-account-form.js';
import styles from './service-accounts.module.css';
import { words } from './words.js';

/** The accounts with which other services call Roster. */
export function ServiceAccountsPage() {
  const say = useWords(words);
  const navigate = useNavigate();
  const query = useServiceAccounts();
  const adding = useActDialog<ServiceAccountResponse, NewServiceAccountDto>(
    () => ({ run: (body) => answer(api.POST('/service-accounts', { body })), refresh: [SERVICE_ACCOUNTS_KEY] }),
    ({ id }) => void navigate({ to: '/service-accounts/$id', params: { id } }),
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
        isEmpty={({ items }) => items.length === 0}
        empty={
          <EmptyState title={say.none}>
            <p>{say.noneWhy}</p>
          </EmptyState>
        }
      >
        {({ items }) => <AccountsTable accounts={items} />}
      </QueryState>
      {adding.dialog.open && (
        <ServiceAccountForm {...adding.dialog} title={say.add} submit={say.add} onSubmit={adding.submit} />
      )}
    </Page>
  );
}

function AccountsTable({ accounts }: { readonly accounts: readonly ServiceAccountResponse[] }) {
  const say = useWords(words);
  const navigate = useNavigate();
  const open = (index: number): void => {
    const account = accounts[index];
    if (account) void navigate({ to: '/service-accounts/$id', params: { id: account.id } });
  };
  const { rowProps } = useRowKeys({ count: accounts.length, onOpen: open, says: say.keys });
  return (
    <Table label={say.title}>
      <thead>
        <tr>
          <HeadCell>{say.name}</HeadCell>
          <HeadCell>{say.role}</HeadCell>
          <HeadCell>{say.scopes}</HeadCell>
          <HeadCell narrow>{say.created}</HeadCell>
        </tr>
      </thead>
      <tbody>
        {accounts.map((account, index) => (
          <Row key={account.id} {...rowProps(index)}>
            <td>
              <Link to="/service-accounts/$id" params={{ id: account.id }}>
                {account.name}
              </Link>{' '}
              {account.status === 'SUSPENDED' && <Badge tone="bad">{say.statuses.SUSPENDED}</Badge>}
            </td>
            <td>{say.roles[account.role]}</td>
            <td className={styles.soft}>
              <ScopesText scopes={account.scopes} />
            </td>
            <td>
              <Time at={account.createdAt} />
            </td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** In words. */
export function ScopesText({ scopes }: { readonly scopes: readonly Scope[] }) {
  const say = useWords(words);
  if (scopes.length === 0) return say.noScopes;
  if (scopes.length === Object.keys(say.scopeNames).length) return say.allScopes;
  return scopes.map((scope) => say.scopeNames[scope]).join(', ');
}
