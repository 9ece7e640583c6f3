import { type ReactNode, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import type { EventName, WebhookResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Refusal } from '../components/refusal.js';
import { MultiSelect } from '../components/select.js';
import { TextField } from '../components/text-field.js';
import { EVENT_TYPES } from '../events/event-types.js';
import { useWords } from '../language/language.js';
import styles from './webhooks.module.css';
import { words } from './words.js';

export interface WebhookInput {
  readonly url: string;
  readonly types: EventName[];
  readonly description: string | null;
}

const EVERY_TYPE = 'user.*' as const;
const FAMILIES = [EVERY_TYPE, 'user.verification_token.*', 'user.password_reset.*'] as const;
const OPTIONS = [...FAMILIES, ...EVENT_TYPES].map((name: EventName) => ({ value: name, label: name }));

interface WebhookFormProps {
  readonly title: string;
  /** The button: a verb. */
  readonly submit: string;
  /** What is changed; a new one without it. */
  readonly webhook?: WebhookResponse;
  readonly onSubmit: (input: WebhookInput) => void;
  readonly onClose: () => void;
  readonly busy: boolean;
  readonly error: Error | undefined;
  readonly children?: ReactNode;
}

/** The dialog that adds or changes a webhook. */
export function WebhookForm({ title, submit, webhook, onSubmit, onClose, busy, error, children }: WebhookFormProps) {
  const say = useWords(words);
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [description, setDescription] = useState(webhook?.description ?? '');
  const [types, setTypes] = useState<readonly EventName[]>((webhook?.types as EventName[] | undefined) ?? [EVERY_TYPE]);
  const urlError = error instanceof ApiProblem ? error.fieldError('url') : undefined;
  const isReady = url.trim() !== '' && types.length > 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      onSubmit={() =>
        isReady && onSubmit({ url: url.trim(), types: [...types], description: description.trim() || null })
      }
      actions={
        <>
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>
            {submit}
          </Button>
        </>
      }
    >
      {children}
      <TextField
        label={say.url}
        hint={say.urlHint}
        type="url"
        value={url}
        onChange={setUrl}
        maxLength={2000}
        autoComplete="off"
        spellCheck={false}
        {...(urlError !== undefined && { error: urlError })}
      />
      <TextField label={say.description} value={description} onChange={setDescription} maxLength={200} optional />
      <div className={styles.typesField}>
        <MultiSelect label={say.types} none={say.chooseTypes} values={types} options={OPTIONS} onChange={setTypes} />
        <p className={styles.soft}>{say.typesHint}</p>
      </div>
      {urlError === undefined && <Refusal error={error} />}
    </Dialog>
  );
}
