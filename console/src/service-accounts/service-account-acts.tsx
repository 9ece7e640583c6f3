import { useNavigate } from '@tanstack/react-router';
import { changesIn } from '../act/changes-in.js';
import { useActDialog } from '../act/use-act-dialog.js';
import { useAct } from '../act/use-act.js';
import { answer, api } from '../api/client.js';
import type { NewServiceAccountDto, ServiceAccountResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { useWords } from '../language/language.js';
import { SERVICE_ACCOUNTS_KEY } from './queries.js';
import { ServiceAccountForm } from './service-account-form.js';
import { words } from './words.js';

/** What may be done to a service account: as its links say. */
export function ServiceAccountActs({ account }: { readonly account: ServiceAccountResponse }) {
  const say = useWords(words);
  const navigate = useNavigate();
  const { id, name, _links: links } = account;
  const params = { path: { id } };
  const editing = useActDialog<unknown, Required<NewServiceAccountDto>, ServiceAccountResponse>((seen) => ({
    run: async ({ role, name: newName, scopes }) => {
      const body = changesIn({ name: newName, scopes: scopes.toSorted() }, { ...seen, scopes: seen.scopes.toSorted() });
      if (Object.keys(body).length > 0) await answer(api.PATCH('/service-accounts/{id}', { params, body }));
      if (role !== seen.role) await answer(api.PUT('/users/{id}/role', { params, body: { role } }));
    },
    done: () => ({ text: say.saved }),
    refresh: [SERVICE_ACCOUNTS_KEY],
  }));
  const suspending = useActDialog(() => ({
    run: () => answer(api.POST('/users/{id}/suspend', { params })),
    done: () => ({ text: say.suspended }),
    refresh: [SERVICE_ACCOUNTS_KEY],
  }));
  const reinstate = useAct({
    run: () => answer(api.POST('/users/{id}/reinstate', { params })),
    done: () => ({ text: say.reinstated }),
    refresh: [SERVICE_ACCOUNTS_KEY],
  });
  const deleting = useActDialog(
    () => ({
      run: () => answer(api.DELETE('/service-accounts/{id}', { params })),
      done: () => ({ text: say.deleted }),
      refresh: [[...SERVICE_ACCOUNTS_KEY, 'list']],
    }),
    () => void navigate({ to: '/service-accounts' }),
  );
  return (
    <>
      {links['change'] && <Button onClick={() => editing.open(account)}>{say.edit}</Button>}
      {links['history'] && (
        <Button onClick={() => void navigate({ to: '/people/$id', params: { id } })}>{say.history}</Button>
      )}
      {links['suspend'] && <Button onClick={() => suspending.open()}>{say.suspend}</Button>}
      {links['reinstate'] && (
        <Button busy={reinstate.busy} onClick={() => void reinstate.start()}>
          {say.reinstate}
        </Button>
      )}
      {links['delete'] && (
        <Button kind="danger" onClick={() => deleting.open()}>
          {say.delete}
        </Button>
      )}
      {editing.about && (
        <ServiceAccountForm
          {...editing.dialog}
          title={say.edit}
          submit={say.save}
          account={editing.about}
          onSubmit={editing.submit}
        />
      )}
      <ConfirmDialog
        {...suspending.dialog}
        title={say.suspendTitle(name)}
        confirm={say.suspend}
        kind="danger"
        onConfirm={() => suspending.submit()}
      >
        <p>{say.suspendWhy}</p>
      </ConfirmDialog>
      <ConfirmDialog
        {...deleting.dialog}
        title={say.deleteTitle(name)}
        confirm={say.delete}
        kind="danger"
        onConfirm={() => deleting.submit()}
      >
        <p>{say.deleteWhy}</p>
      </ConfirmDialog>
    </>
  );
}
