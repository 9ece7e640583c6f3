import { useNavigate } from '@tanstack/react-router';
import { type SyntheticEvent, useRef, useState } from 'react';
import { useAct } from '../act/use-act.js';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import type { CreateUserDto, UserRole } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Page } from '../components/page.js';
import { Refusal } from '../components/refusal.js';
import { Select } from '../components/select.js';
import { TextField } from '../components/text-field.js';
import { useWords } from '../language/language.js';
import { nameOf } from '../person/names.js';
import { useViewer } from '../session/session.js';
import { ROLES } from './people-search.js';
import styles from './people.module.css';
import { words } from './words.js';

const EMPTY = { email: '', username: '', firstName: '', lastName: '', locale: '', password: '' };
type Field = keyof typeof EMPTY;

/** Creates somebody, or invites them by mail where an address and no password is given. */
export function NewPersonPage() {
  const say = useWords(words);
  const navigate = useNavigate();
  const viewer = useViewer();
  const [values, setValues] = useState(EMPTY);
  const [role, setRole] = useState<UserRole>('AUTHENTICATED');
  const keyOf = useIdempotencyKey();
  const creation = useAct({
    run: (body: CreateUserDto) =>
      answer(api.POST('/users', { params: { header: { 'idempotency-key': keyOf(body) } }, body })),
    done: (user, body) => ({
      text: isInvitation(body) ? say.invited(body.email ?? '') : say.wasCreated(nameOf(user) ?? user.id),
    }),
    errors: 'caller',
    refusals: { 'idempotency-key-reused': say.keyReused },
  });
  const { error } = creation;
  const errors = fieldErrors(error, { 'email-taken': say.emailTaken, 'username-taken': say.usernameTaken });
  const given = Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const written = name === 'password' ? value : value.trim();
      return written === '' ? [] : [[name, written]];
    }),
  ) as CreateUserDto;
  const body: CreateUserDto = { ...given, ...(role !== 'AUTHENTICATED' && { role }) };
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const created = await creation.start(body);
    if (created) void navigate({ to: '/people/$id', params: { id: created.output.id } });
  };
  const field = (name: Field) => ({
    name,
    value: values[name],
    error: errors[name],
    onChange: (value: string) => setValues((before) => ({ ...before, [name]: value })),
  });
  const isAtAField = Object.keys(EMPTY).some((name) => errors[name as Field] !== undefined);
  return (
    <Page title={say.newTitle}>
      <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
        <TextField {...field('email')} label={say.email} hint={say.emailHint} type="email" autoComplete="off" />
        <div className={styles.pair}>
          <TextField {...field('firstName')} label={say.firstName} optional autoComplete="off" />
          <TextField {...field('lastName')} label={say.lastName} optional autoComplete="off" />
        </div>
        <div className={styles.pair}>
          <TextField {...field('username')} label={say.username} optional autoComplete="off" spellCheck={false} />
          <TextField {...field('locale')} label={say.locale} hint={say.localeHint} optional autoComplete="off" />
        </div>
        <TextField
          {...field('password')}
          label={say.password}
          hint={say.passwordHint}
          type="password"
          autoComplete="new-password"
          optional
        />
        {viewer.role === 'ADMIN' && (
          <Select
            label={say.role}
            value={role}
            onChange={setRole}
            options={ROLES.map((value) => ({ value, label: say.roles[value] }))}
          />
        )}
        <Refusal error={isAtAField ? undefined : error} />
        <div className={styles.formActions}>
          <Button kind="primary" type="submit" busy={creation.busy}>
            {isInvitation(body) ? say.inviteButton : say.createButton}
          </Button>
          <Button onClick={() => void navigate({ to: '/people' })}>{say.cancel}</Button>
        </div>
      </form>
    </Page>
  );
}

function isInvitation({ email, password }: CreateUserDto): boolean {
  return email != null && password == null;
}

/** One key for each content of the form, so that a repeated request creates nobody twice, and a corrected one is a new request. */
function useIdempotencyKey(): (body: CreateUserDto) => string {
  const last = useRef({ content: '', key: '' });
  return (body) => {
    const content = JSON.stringify(body);
    if (content !== last.current.content) last.current = { content, key: crypto.randomUUID() };
    return last.current.key;
  };
}

type TakenCode = 'email-taken' | 'username-taken';

function fieldErrors(
  error: Error | undefined,
  taken: Readonly<Record<TakenCode, string>>,
): Partial<Record<Field, string>> {
  if (!(error instanceof ApiProblem)) return {};
  if (error.code === 'email-taken') return { email: taken[error.code] };
  if (error.code === 'username-taken') return { username: taken[error.code] };
  const named = Object.keys(EMPTY).flatMap((name) => {
    const message = error.fieldError(name);
    return message === undefined ? [] : [[name, message]];
  });
  if (error.code === 'weak-password') return { password: error.errors[0]?.message ?? error.detail };
  return Object.fromEntries(named) as Partial<Record<Field, string>>;
}
