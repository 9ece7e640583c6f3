import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { changesIn } from '../act/changes-in.js';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type { ClientResponse, ClientWithSecretResponse, NewClientDto } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Checkbox } from '../components/checkbox.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { useWords } from '../language/language.js';
import { ApplicationForm } from './application-form.js';
import { changedApplication } from './changed-application.js';
import { APPLICATIONS_KEY } from './queries.js';
import { SecretDialog } from './secret-dialog.js';
import { words } from './words.js';

/** An application as somebody saw it. */
interface Seen {
  readonly application: ClientResponse;
  readonly etag: string | undefined;
}

/** What may be done to an application: as its links say. */
export function ApplicationActs({ application, etag }: Seen) {
  const say = useWords(words);
  const navigate = useNavigate();
  const { clientId: id, _links: links } = application;
  const [isLeaked, setLeaked] = useState(false);
  const [rotated, setRotated] = useState<ClientWithSecretResponse>();
  const path = { id };
  const editing = useActDialog<unknown, NewClientDto, Seen>((seen) => ({
    run: async (input, again) => {
      const body = changesIn(input, seen.application);
      if (Object.keys(body).length === 0) return;
      const version = again.etag ?? seen.etag;
      const header = version === undefined ? {} : { 'if-match': version };
      await answer(api.PATCH('/clients/{id}', { params: { path, header }, body }));
    },
    changed: (input) => changedApplication(seen.application, changesIn(input, seen.application)),
    done: () => ({ text: say.saved }),
    refresh: [APPLICATIONS_KEY],
  }));
  const rotating = useActDialog<ClientWithSecretResponse>(
    () => ({
      run: () => {
        const body = isLeaked ? { previousValidFor: 0 } : {};
        return answer(api.POST('/clients/{id}/rotate-secret', { params: { path }, body }));
      },
      refresh: [APPLICATIONS_KEY],
    }),
    setRotated,
  );
  const deleting = useActDialog(
    () => ({
      run: () => answer(api.DELETE('/clients/{id}', { params: { path } })),
      done: () => ({ text: say.deleted }),
      refresh: [[...APPLICATIONS_KEY, 'list']],
    }),
    () => void navigate({ to: '/applications' }),
  );
  const askForSecret = (): void => {
    setLeaked(false);
    rotating.open();
  };
  return (
    <>
      {links['update'] && <Button onClick={() => editing.open({ application, etag })}>{say.edit}</Button>}
      {links['rotateSecret'] && <Button onClick={askForSecret}>{say.rotate}</Button>}
      {links['delete'] && (
        <Button kind="danger" onClick={() => deleting.open()}>
          {say.delete}
        </Button>
      )}
      {editing.about && (
        <ApplicationForm
          {...editing.dialog}
          title={say.edit}
          submit={say.save}
          application={editing.about.application}
          onSubmit={editing.submit}
        />
      )}
      <ConfirmDialog
        {...rotating.dialog}
        title={say.rotate}
        confirm={say.rotateConfirm}
        onConfirm={() => rotating.submit()}
      >
        <p>{say.rotateWhy}</p>
        <Checkbox label={say.leaked} checked={isLeaked} onChange={setLeaked} />
      </ConfirmDialog>
      <ConfirmDialog
        {...deleting.dialog}
        title={say.deleteTitle(application.name)}
        confirm={say.delete}
        kind="danger"
        onConfirm={() => deleting.submit()}
      >
        <p>{say.deleteWhy}</p>
      </ConfirmDialog>
      {rotated && <SecretDialog application={rotated} onClose={() => setRotated(undefined)} />}
    </>
  );
}
