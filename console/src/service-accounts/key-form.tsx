import { useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import type { NewServiceKeyDto, ServiceKeyResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Refusal } from '../components/refusal.js';
import { TextField } from '../components/text-field.js';
import { useWords } from '../language/language.js';
import styles from './service-accounts.module.css';
import { words } from './words.js';

const MAX_NAME = 50;

interface KeyFormProps {
  /** The key that the new one is to replace. */
  readonly old?: ServiceKeyResponse;
  readonly onSubmit: (input: NewServiceKeyDto) => void;
  readonly onClose: () => void;
  readonly busy: boolean;
  readonly error: Error | undefined;
}

/** The dialog that makes a key, or another one like it. */
export function KeyForm({ old, onSubmit, onClose, busy, error }: KeyFormProps) {
  const say = useWords(words);
  const [name, setName] = useState(old?.name ?? '');
  const [day, setDay] = useState('');
  const [networks, setNetworks] = useState((old?.networks ?? []).join('\n'));
  const lines = networks
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const problem = error instanceof ApiProblem ? error : undefined;
  const wrong = (field: string): { error?: string } => {
    const found = problem?.errors.find(({ path }) => path === field || path.startsWith(`${field}.`));
    return found ? { error: found.message } : {};
  };
  const isReady = name.trim() !== '';
  // The day as the reader's calendar has it.
  const expiresAt = day === '' ? null : new Date(`${day}T00:00:00`).toISOString();
  const hasFieldError = ['name', 'expiresAt', 'networks'].some((field) => wrong(field).error !== undefined);
  return (
    <Dialog
      open
      onClose={onClose}
      title={old ? say.replaceKey(old.name) : say.addKey}
      onSubmit={() => isReady && onSubmit({ name: name.trim(), expiresAt, networks: lines })}
      actions={
        <>
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>
            {say.addKey}
          </Button>
        </>
      }
    >
      {old && <p>{say.replaceWhy(old.name)}</p>}
      <div className={styles.fields}>
        <TextField
          label={say.keyName}
          hint={say.keyNameHint}
          value={name}
          onChange={setName}
          maxLength={MAX_NAME}
          autoComplete="off"
          {...wrong('name')}
        />
        <TextField
          label={say.expires}
          hint={say.expiresHint}
          type="date"
          value={day}
          onChange={setDay}
          optional
          {...wrong('expiresAt')}
        />
        <TextField
          label={say.networks}
          hint={say.networksHint}
          value={networks}
          onChange={setNetworks}
          rows={2}
          optional
          {...wrong('networks')}
        />
      </div>
      {!hasFieldError && <Refusal error={error} />}
    </Dialog>
  );
}
