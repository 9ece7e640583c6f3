import { type ReactNode, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import type { ProfileDto, User } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Refusal } from '../components/refusal.js';
import { TextField } from '../components/text-field.js';
import { PROFILE_FIELDS, type ProfileField } from '../events-in-words/event-data.js';
import { fieldName, fieldWords } from '../events-in-words/field-words.js';
import { useKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { changedFields } from './changed-fields.js';
import { FieldValue } from './field-value.js';
import styles from './person.module.css';
import { useShown } from './shown-person.js';
import { Card } from './things.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

/** What is not part of the form. The last sign-in and a lock stand above. */
const FACTS = ['role', 'isProfessional', 'professionalStatusChangedAt', 'createdAt'] as const;
const LONGEST: Readonly<Record<ProfileField, number>> = {
  firstName: 100,
  lastName: 100,
  nickname: 100,
  bio: 2000,
  pictureUrl: 2048,
  locale: 35,
  phone: 16,
  githubUrl: 100,
  linkedinUrl: 200,
};

/** What the profile says, and a form in its place to change it. */
export function ProfileCard() {
  const say = useWords(words);
  const { user } = useShown();
  const [edited, edit] = useState<User>();
  const mayEdit = 'update' in user._links;
  useKeys(mayEdit ? [{ keys: 'e', does: say.keys.edit, run: () => edit(user) }] : []);
  if (edited) return <ProfileForm seen={edited} onClose={() => edit(undefined)} />;
  const button = mayEdit && <Button onClick={() => edit(user)}>{say.acts.edit}</Button>;
  return <ProfileFields user={user} action={button} />;
}

/** The profile without a way to change it, as in the past. */
export function ProfileFields({ user, action }: { readonly user: User; readonly action?: ReactNode }) {
  const say = useWords(words);
  const names = useWords(fieldWords);
  // What is not set says nothing, apart from the name.
  const set = PROFILE_FIELDS.filter((field) => user[field] !== null || field === 'firstName' || field === 'lastName');
  const facts = FACTS.filter((field) => user[field] !== null && user[field] !== false);
  return (
    <Card title={say.sections.profile} action={action}>
      <dl className={styles.fields}>
        {[...set, ...facts].map((field) => (
          <div key={field} className={styles.row}>
            <dt>{fieldName(names, field)}</dt>
            <dd>
              <FieldValue field={field} value={user[field]} />
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

type Entered = Record<ProfileField, string>;

function ProfileForm({ seen, onClose }: { readonly seen: User; readonly onClose: () => void }) {
  const say = useWords(words);
  const names = useWords(fieldWords);
  const { etag } = useShown();
  // Of the state that the form began with: what others save meanwhile must not be overwritten unseen.
  const [seenEtag] = useState(etag);
  const [entered, enter] = useState<Entered>(
    () => Object.fromEntries(PROFILE_FIELDS.map((field) => [field, seen[field] ?? ''])) as Entered,
  );
  const { perform, busy, error } = usePerform('caller');
  const mine: ProfileDto = changedFields(seen, entered);
  const problem = error instanceof ApiProblem ? error : undefined;
  const save = async (): Promise<void> => {
    if (Object.keys(mine).length === 0) {
      onClose();
      return;
    }
    const isDone = await perform({
      act: (match) =>
        answer(
          api.PATCH('/users/{id}', { params: { path: { id: seen.id }, header: { 'if-match': match } }, body: mine }),
        ),
      etag: seenEtag,
      done: say.done.saved,
      mine,
    });
    if (isDone) onClose();
  };
  return (
    <Card title={say.sections.profile}>
      <form
        className={styles.form}
        noValidate
        aria-label={say.sections.profile}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose();
        }}
      >
        {PROFILE_FIELDS.map((field, index) => (
          <TextField
            key={field}
            label={fieldName(names, field)}
            name={field}
            value={entered[field]}
            onChange={(value) => enter({ ...entered, [field]: value })}
            maxLength={LONGEST[field]}
            autoComplete="off"
            autoFocus={index === 0}
            {...(field === 'bio' && { rows: 3 })}
            {...errorOf(problem, field)}
          />
        ))}
        <Refusal error={problem?.errors.length ? undefined : error} />
        <div className={styles.buttons}>
          <Button kind="primary" type="submit" busy={busy}>
            {say.acts.save}
          </Button>
          <Button onClick={onClose}>{say.acts.cancel}</Button>
        </div>
      </form>
    </Card>
  );
}

function errorOf(problem: ApiProblem | undefined, field: string): { readonly error?: string } {
  const error = problem?.fieldError(field);
  return error === undefined ? {} : { error };
}
