import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type { ClientResponse, ClientWithSecretResponse, NewClientDto } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Page } from '../components/page.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { useRowKeys } from '../components/use-row-keys.js';
import { useWords } from '../language/language.js';
import { ApplicationBadges } from './application-badges.js';
import { ApplicationForm } from './application-form.js';
import styles from './applications.module.css';
import { APPLICATIONS_KEY, useApplications } from './queries.js';
import { SecretDialog } from './secret-dialog.js';
import { words } from './words.js';

/** The applications that sign their people in with Roster. */
export function ApplicationsPage() {
  const say = useWords(words);
  const navigate = useNavigate({ from: '/applications' });
  const { cursor } = useSearch({ from: '/applications' });
  const query = useApplications(cursor);
  const [created, setCreated] = useState<ClientWithSecretResponse>();
  const adding = useActDialog<ClientWithSecretResponse, NewClientDto>(
    () => ({ run: (body) => answer(api.POST('/clients', { body })), refresh: [APPLICATIONS_KEY] }),
    setCreated,
  );
  const go = (next: string | null): void => void navigate({ search: { cursor: next ?? undefined } });
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
        {({ items, page }) => (
          <>
            <ApplicationsTable applications={items} busy={query.isPlaceholderData} />
            {(page.prevCursor !== null || page.nextCursor !== null) && (
              <Pager
                onPrevious={page.prevCursor === null ? undefined : () => go(page.prevCursor)}
                onNext={page.nextCursor === null ? undefined : () => go(page.nextCursor)}
              />
            )}
          </>
        )}
      </QueryState>
      {adding.dialog.open && (
        <ApplicationForm {...adding.dialog} title={say.add} submit={say.add} onSubmit={adding.submit} />
      )}
      {created && (
        <SecretDialog
          application={created}
          onClose={() => void navigate({ to: '/applications/$id', params: { id: created.clientId } })}
        />
      )}
    </Page>
  );
}

interface ApplicationsTableProps {
  readonly applications: readonly ClientResponse[];
  readonly busy: boolean;
}

function ApplicationsTable({ applications, busy }: ApplicationsTableProps) {
  const say = useWords(words);
  const navigate = useNavigate();
  const open = (index: number): void => {
    const application = applications[index];
    if (application) void navigate({ to: '/applications/$id', params: { id: application.clientId } });
  };
  const { rowProps } = useRowKeys({ count: applications.length, onOpen: open, says: say.keys });
  return (
    <Table label={say.title} busy={busy}>
      <thead>
        <tr>
          <HeadCell>{say.name}</HeadCell>
          <HeadCell>{say.kind}</HeadCell>
          <HeadCell>{say.redirectUris}</HeadCell>
          <HeadCell>{say.clientId}</HeadCell>
          <HeadCell narrow>{say.created}</HeadCell>
        </tr>
      </thead>
      <tbody>
        {applications.map((application, index) => (
          <Row key={application.clientId} {...rowProps(index)}>
            <td>
              <Link to="/applications/$id" params={{ id: application.clientId }}>
                {application.name}
              </Link>
            </td>
            <td>
              <ApplicationBadges application={application} />
            </td>
            <td className={styles.soft}>{placesOf(application) || '–'}</td>
            <td>
              <code>{application.clientId}</code>
            </td>
            <td>
              <Time at={application.createdAt} />
            </td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** Hosts, or schemes of applications on devices. */
function placesOf({ redirectUris }: ClientResponse): string {
  const places = redirectUris.map((uri) => {
    const { host, protocol } = new URL(uri);
    return protocol.startsWith('http') ? host : protocol;
  });
  return [...new Set(places)].join(', ');
}
