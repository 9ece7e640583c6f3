import { useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import type { ContactKind, ContactResponse, User } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Dialog } from '../components/dialog.js';
import { QueryState } from '../components/query-state.js';
import { Refusal } from '../components/refusal.js';
import { Select } from '../components/select.js';
import { Skeleton } from '../components/skeleton.js';
import { TextField } from '../components/text-field.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';
import { useContacts } from './person-queries.js';
import { Card } from './things.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

/** Further addresses and phone numbers. Nobody signs in with them. */
export function ContactsCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const query = useContacts(user);
  const [isAdding, add] = useState(false);
  const mayAdd = 'addContact' in (query.data?._links ?? {});
  return (
    <Card
      title={say.sections.contacts}
      action={mayAdd && <Button onClick={() => add(true)}>{say.acts.addContact}</Button>}
    >
      <QueryState query={query} loading={<Skeleton rows={1} />}>
        {({ items }) =>
          items.length === 0 ? (
            <p className={styles.note}>{say.noContacts}</p>
          ) : (
            <ul className={styles.things}>
              {items.map((contact) => (
                <Contact key={contact.id} user={user} contact={contact} />
              ))}
            </ul>
          )
        }
      </QueryState>
      {isAdding && <NewContact user={user} onClose={() => add(false)} />}
    </Card>
  );
}

function Contact({ user, contact }: { readonly user: User; readonly contact: ContactResponse }) {
  const say = useWords(words);
  const { id: contactId, kind, value, label, confirmedAt, addedAt, _links } = contact;
  const { perform, busy, error } = usePerform('caller');
  const { perform: performNow } = usePerform();
  const [isAsking, ask] = useState(false);
  const path = { id: user.id, contactId };
  const resend = () =>
    performNow({
      act: () => answer(api.POST('/users/{id}/contacts/{contactId}/resend-confirmation', { params: { path } })),
      done: say.done.confirmationResent,
    });
  const remove = async (): Promise<void> => {
    const isDone = await perform({
      act: () => answer(api.DELETE('/users/{id}/contacts/{contactId}', { params: { path } })),
      done: say.done.removed,
    });
    if (isDone) ask(false);
  };
  return (
    <li className={styles.thing}>
      <div>
        <p>
          <bdi>{value}</bdi>
          {label !== null && <span className={styles.soft}> · {label}</span>}{' '}
          {kind === 'email' && (
            <Badge tone={confirmedAt === null ? 'warn' : 'good'}>
              {confirmedAt === null ? say.unconfirmed : say.confirmed}
            </Badge>
          )}
        </p>
        <p className={styles.note}>
          {say.added} <Time at={addedAt} />
        </p>
      </div>
      <div className={styles.buttons}>
        {'resendConfirmation' in _links && (
          <Button aria-label={`${say.acts.resendConfirmation}: ${value}`} onClick={() => void resend()}>
            {say.acts.resend}
          </Button>
        )}
        {'remove' in _links && (
          <Button aria-label={`${say.acts.remove}: ${value}`} onClick={() => ask(true)}>
            {say.acts.remove}
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={isAsking}
        onClose={() => ask(false)}
        title={say.ask.removeContact(value)}
        confirm={say.acts.remove}
        kind="danger"
        onConfirm={() => void remove()}
        busy={busy}
        error={error}
      >
        <p>{say.ask.removeContactWhat}</p>
      </ConfirmDialog>
    </li>
  );
}

const KINDS: readonly ContactKind[] = ['email', 'phone'];

function NewContact({ user, onClose }: { readonly user: User; readonly onClose: () => void }) {
  const say = useWords(words);
  const { perform, busy, error } = usePerform('caller');
  const [kind, setKind] = useState<ContactKind>('email');
  const [value, setValue] = useState('');
  const [label, setLabel] = useState('');
  const problem = error instanceof ApiProblem ? error : undefined;
  const valueError = problem?.fieldError('value');
  const add = async (): Promise<void> => {
    const body = { kind, value: value.trim(), ...(label.trim() !== '' && { label: label.trim() }) };
    const isDone = await perform({
      act: () => answer(api.POST('/users/{id}/contacts', { params: { path: { id: user.id } }, body })),
      done: say.done.contactAdded,
    });
    if (isDone) onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={say.ask.addContact}
      onSubmit={() => void add()}
      actions={
        <>
          <Button onClick={onClose}>{say.acts.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={value.trim() === ''}>
            {say.acts.addContact}
          </Button>
        </>
      }
    >
      <p>{say.ask.addContactWhat}</p>
      <Select
        label={say.contactKind}
        value={kind}
        onChange={setKind}
        options={KINDS.map((one) => ({ value: one, label: say.contactKinds[one] }))}
      />
      <TextField
        label={say.contactValue[kind]}
        type={kind === 'email' ? 'email' : 'tel'}
        value={value}
        onChange={setValue}
        maxLength={254}
        autoComplete="off"
        {...(valueError !== undefined && { error: valueError })}
      />
      <TextField
        label={say.contactLabel}
        value={label}
        onChange={setLabel}
        maxLength={50}
        optional
        autoComplete="off"
      />
      <Refusal error={problem?.errors.length ? undefined : error} />
    </Dialog>
  );
}
