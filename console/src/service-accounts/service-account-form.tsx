import { useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import type { NewServiceAccountDto, Scope, ServiceAccountResponse, UserRole } from '../api/schema.js';
import { Button } from '../components/button.js';
import { CheckList } from '../components/check-list.js';
import { Dialog } from '../components/dialog.js';
import { Refusal } from '../components/refusal.js';
import { Select } from '../components/select.js';
import { TextField } from '../components/text-field.js';
import { useWords } from '../language/language.js';
import styles from './service-accounts.module.css';
import { words } from './words.js';

const ROLES = ['AUTHENTICATED', 'MANAGER', 'ADMIN'] as const satisfies UserRole[];
const MAX_NAME = 100;

interface ServiceAccountFormProps {
  readonly title: string;
  /** The button: a verb. */
  readonly submit: string;
  /** What is changed; a new one without it. */
  readonly account?: ServiceAccountResponse;
  readonly onSubmit: (input: Required<NewServiceAccountDto>) => void;
  readonly onClose: () => void;
  readonly busy: boolean;
  readonly error: Error | undefined;
}

/** The dialog that adds or changes a service account. A new one begins with no scope: what is not needed is not given. */
export function ServiceAccountForm({
  title,
  submit,
  account,
  onSubmit,
  onClose,
  busy,
  error,
}: ServiceAccountFormProps) {
  const say = useWords(words);
  const [name, setName] = useState(account?.name ?? '');
  const [role, setRole] = useState<UserRole>(account?.role ?? 'AUTHENTICATED');
  const [scopes, setScopes] = useState<readonly Scope[]>(account?.scopes ?? []);
  const isReady = name.trim() !== '';
  const problem = error instanceof ApiProblem ? error : undefined;
  const nameError = problem?.fieldError('name');
  const options = Object.entries(say.scopeNames).map(([value, label]) => ({ value: value as Scope, label }));
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      onSubmit={() => isReady && onSubmit({ name: name.trim(), role, scopes: [...scopes] })}
      actions={
        <>
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>
            {submit}
          </Button>
        </>
      }
    >
      <div className={styles.fields}>
        <TextField
          label={say.name}
          value={name}
          onChange={setName}
          maxLength={MAX_NAME}
          autoComplete="off"
          {...(nameError !== undefined && { error: nameError })}
        />
        <Select
          label={say.role}
          hint={say.roleHint}
          value={role}
          options={ROLES.map((value) => ({ value, label: say.roles[value] }))}
          onChange={setRole}
        />
        <CheckList label={say.scopes} options={options} values={scopes} onChange={setScopes} error={undefined} />
      </div>
      {nameError === undefined && <Refusal error={error} />}
    </Dialog>
  );
}
