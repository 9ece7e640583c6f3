import { type ReactNode, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import type { UserRole } from '../api/schema.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Dialog } from '../components/dialog.js';
import { Refusal } from '../components/refusal.js';
import { Select } from '../components/select.js';
import { TextField } from '../components/text-field.js';
import { fieldWords } from '../events-in-words/field-words.js';
import { useWords } from '../language/language.js';
import { nameOf, typedForErasure } from './names.js';
import { useShown } from './shown-person.js';
import type { PersonAct } from './person-act.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

/** The acts that ask something first. */
export type Asking = 'suspend' | 'delete' | 'erase' | 'endSessions' | 'resetFactors' | 'role' | 'username' | 'email';

interface AskProps {
  readonly onClose: () => void;
}

/** The dialog of an act; none while nothing is asked. */
export function ActDialog({ asking, onClose }: AskProps & { readonly asking: Asking | undefined }) {
  switch (asking) {
    case undefined:
      return null;
    case 'role':
      return <RoleDialog onClose={onClose} />;
    case 'username':
      return <UsernameDialog onClose={onClose} />;
    case 'email':
      return <EmailDialog onClose={onClose} />;
    default:
      return <Confirm asking={asking} onClose={onClose} />;
  }
}

type Confirmed = Exclude<Asking, 'role' | 'username' | 'email'>;

function Confirm({ asking, onClose }: AskProps & { readonly asking: Confirmed }) {
  const say = useWords(words);
  const { user, etag } = useShown();
  // Of the state that the question is about: what others change while it is open must not be passed over.
  const [seen] = useState(etag);
  const { perform, busy, error } = usePerform('caller');
  const id = user.id;
  const params = (etag: string) => ({ path: { id }, header: { 'if-match': etag } });
  const restore = () => answer(api.POST('/users/{id}/restore', { params: { path: { id } } }));

  const acts: Readonly<Record<Confirmed, (reason: string | undefined) => PersonAct>> = {
    suspend: (reason) => ({
      act: (etag) =>
        answer(api.POST('/users/{id}/suspend', { params: params(etag), body: reason === undefined ? {} : { reason } })),
      done: say.done.suspended,
      undo: () => answer(api.POST('/users/{id}/reinstate', { params: { path: { id } } })),
    }),
    delete: () => ({
      act: (etag) => answer(api.DELETE('/users/{id}', { params: params(etag) })),
      done: say.done.deleted,
      undo: restore,
    }),
    erase: () => ({
      act: (etag) => answer(api.POST('/users/{id}/erase', { params: params(etag) })),
      done: say.done.erased,
    }),
    endSessions: () => ({
      act: () => answer(api.DELETE('/users/{id}/sessions', { params: { path: { id } } })),
      done: say.done.signedOut,
    }),
    resetFactors: () => ({
      act: () => answer(api.DELETE('/users/{id}/factors', { params: { path: { id } } })),
      done: say.done.factors,
    }),
  };

  const confirm = async (reason: string | undefined): Promise<void> => {
    if (await perform({ ...acts[asking](reason), etag: seen })) onClose();
  };
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={say.ask[asking](nameOf(user) ?? say.noName)}
      confirm={say.acts[asking]}
      kind="danger"
      {...(asking === 'suspend' && { reason: { label: say.ask.suspendReason, maxLength: 500 } })}
      {...(asking === 'erase' && { typed: typedForErasure(user) })}
      onConfirm={(reason) => void confirm(reason)}
      busy={busy}
      error={error}
    >
      <p>{say.ask[`${asking}What`]}</p>
    </ConfirmDialog>
  );
}

interface FormProps extends AskProps {
  readonly title: string;
  readonly what?: string;
  readonly confirm: string;
  readonly isReady: boolean;
  readonly act: PersonAct;
  /** The field of the API whose refusal is said at the field itself. */
  readonly field: string;
  readonly children: (error: { readonly error?: string }) => ReactNode;
}

function FormDialog({ title, what, confirm, isReady, act, field, onClose, children }: FormProps) {
  const say = useWords(words);
  const { etag } = useShown();
  const { perform, busy, error } = usePerform('caller');
  const [seen] = useState(etag);
  const fieldError = error instanceof ApiProblem ? error.fieldError(field) : undefined;
  const submit = async (): Promise<void> => {
    if (isReady && !busy && (await perform({ ...act, etag: seen }))) onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>{say.acts.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>
            {confirm}
          </Button>
        </>
      }
    >
      {what !== undefined && <p>{what}</p>}
      {children(fieldError === undefined ? {} : { error: fieldError })}
      <Refusal error={fieldError === undefined ? error : undefined} />
    </Dialog>
  );
}

const ROLES: readonly UserRole[] = ['AUTHENTICATED', 'MANAGER', 'ADMIN'];

function RoleDialog({ onClose }: AskProps) {
  const say = useWords(words);
  const { roles } = useWords(fieldWords);
  const { user } = useShown();
  const [role, choose] = useState(user.role);
  return (
    <FormDialog
      title={say.ask.role}
      what={say.ask.roleWhat}
      confirm={say.acts.save}
      isReady={role !== user.role}
      onClose={onClose}
      field="role"
      act={{
        act: (etag) =>
          answer(
            api.PUT('/users/{id}/role', {
              params: { path: { id: user.id }, header: { 'if-match': etag } },
              body: { role },
            }),
          ),
        done: say.done.role,
        mine: { role },
      }}
    >
      {(error) => (
        <Select
          label={say.newRole}
          value={role}
          onChange={choose}
          options={ROLES.map((one) => ({ value: one, label: roles[one] }))}
          {...error}
        />
      )}
    </FormDialog>
  );
}

function UsernameDialog({ onClose }: AskProps) {
  const say = useWords(words);
  const { user } = useShown();
  const [newUsername, enter] = useState(user.username ?? '');
  return (
    <FormDialog
      title={say.ask.username}
      confirm={say.acts.save}
      isReady={newUsername !== '' && newUsername !== user.username}
      onClose={onClose}
      field="newUsername"
      act={{
        act: (etag) =>
          answer(
            api.PUT('/users/{id}/username', {
              params: { path: { id: user.id }, header: { 'if-match': etag } },
              body: { newUsername },
            }),
          ),
        done: say.done.username,
        mine: { username: newUsername },
      }}
    >
      {(error) => (
        <TextField label={say.newUsername} value={newUsername} onChange={enter} autoComplete="off" {...error} />
      )}
    </FormDialog>
  );
}

function EmailDialog({ onClose }: AskProps) {
  const say = useWords(words);
  const { user } = useShown();
  const [newEmail, enter] = useState('');
  return (
    <FormDialog
      title={say.ask.email}
      what={say.ask.emailWhat}
      confirm={say.acts.save}
      isReady={newEmail.trim() !== ''}
      onClose={onClose}
      field="newEmail"
      act={{
        act: (etag) =>
          answer(
            api.PUT('/users/{id}/email', {
              params: { path: { id: user.id }, header: { 'if-match': etag } },
              body: { newEmail: newEmail.trim() },
            }),
          ),
        done: say.done.email,
        mine: { email: newEmail.trim() },
      }}
    >
      {(error) => (
        <TextField
          label={say.newEmail}
          type="email"
          value={newEmail}
          onChange={enter}
          maxLength={254}
          autoComplete="off"
          {...error}
        />
      )}
    </FormDialog>
  );
}
