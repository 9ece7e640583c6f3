import { Link } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, Info } from 'lucide-react';
import { useAct } from '../act/use-act.js';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type { HelpAnswer, HelpFact, User } from '../api/schema.js';
import { StatusBadge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Copy } from '../components/copy.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import styles from './help.module.css';
import { MailsTable } from './mails-table.js';
import { words } from './words.js';

interface HelpAnswerProps {
  readonly about: string;
  readonly found: HelpAnswer;
}

const IN_TABLE: ReadonlySet<string> = new Set(['mail-sent', 'mail-not-needed']);

/** What was found: whom it is about, what stands in the way, what to do, what else is known, and the mails. */
export function HelpAnswerView({ about, found: { kind, user, facts, actions, mails } }: HelpAnswerProps) {
  const say = useWords(words);
  const reasons = facts.filter(({ isReason }) => isReason);
  // The table below says the same of mails that left; of a single mail, the sentence says what a table cannot.
  const notes = facts.filter(({ isReason, code }) => !isReason && (kind === 'mail' || !IN_TABLE.has(code)));
  return (
    <div className={styles.answer}>
      <section className={styles.card} aria-label={say.about}>
        <p className={styles.kind}>{say.kinds[kind]}</p>
        {user ? <Person user={user} /> : <p className={styles.name}>{about}</p>}
      </section>
      {(reasons.length > 0 || user !== undefined) && (
        <section aria-labelledby="help-reasons">
          <h2 id="help-reasons" className={styles.heading}>
            {reasons.length > 0 ? say.reasons : say.noReasons}
          </h2>
          <Facts facts={reasons} />
        </section>
      )}
      {user && actions.length > 0 && <Remedies user={user} actions={actions} />}
      {notes.length > 0 && (
        <section aria-labelledby="help-notes">
          <h2 id="help-notes" className={styles.heading}>
            {say.notes}
          </h2>
          <Facts facts={notes} />
        </section>
      )}
      {mails.length > 0 && (
        <div>
          <h2 className={styles.heading}>{say.mails}</h2>
          <MailsTable mails={mails} label={say.mails} />
        </div>
      )}
    </div>
  );
}

function Person({ user }: { readonly user: User }) {
  const say = useWords(words);
  const name = [user.firstName, user.lastName].filter(Boolean).join(' ');
  const address = user.email ?? user.username;
  return (
    <div className={styles.person}>
      <Link to="/people/$id" params={{ id: user.id }} className={styles.name} title={say.open}>
        {name || address || user.id}
      </Link>
      <StatusBadge status={user.status} />
      {name !== '' && address !== null && <span className={styles.soft}>{address}</span>}
      <span className={styles.id}>
        <code>{user.id}</code>
        <Copy text={user.id} />
      </span>
    </div>
  );
}

const ICONS = { reason: CircleAlert, good: CircleCheck, note: Info };

function Facts({ facts }: { readonly facts: readonly HelpFact[] }) {
  return (
    <ul className={styles.facts}>
      {facts.map(({ code, at, isReason, text }, index) => {
        const kind = isReason ? 'reason' : code === 'nothing-in-the-way' ? 'good' : 'note';
        const Icon = ICONS[kind];
        return (
          <li key={`${code} ${index}`} className={styles.fact} data-kind={kind} data-code={code}>
            <Icon aria-hidden="true" />
            <span className={styles.text}>{text}</span>
            {at !== null && <Time at={at} />}
          </li>
        );
      })}
    </ul>
  );
}

type Remedy = 'unlock' | 'reinstate' | 'restore';

/** The acts that help, as buttons; what is not among the links of the answer is not there. */
function Remedies({ user, actions }: { readonly user: User; readonly actions: readonly string[] }) {
  const say = useWords(words);
  const params = { path: { id: user.id } };
  const act = useAct<Remedy>({
    run: async (remedy) => {
      if (remedy === 'unlock') return answer(api.POST('/users/{id}/unlock', { params }));
      if (remedy === 'reinstate') return answer(api.POST('/users/{id}/reinstate', { params }));
      return answer(api.POST('/users/{id}/restore', { params }));
    },
    done: (_output, remedy) => ({ text: say.done[remedy] }),
  });
  const resetting = useActDialog(() => ({
    run: () => answer(api.DELETE('/users/{id}/factors', { params })),
    done: () => ({ text: say.done.resetFactors }),
  }));
  const remedies = (['unlock', 'reinstate', 'restore'] as const).filter((one) => actions.includes(one));
  return (
    <section aria-labelledby="help-remedies">
      <h2 id="help-remedies" className={styles.heading}>
        {say.whatToDo}
      </h2>
      <div className={styles.remedies}>
        {remedies.map((remedy) => (
          <Button key={remedy} kind="primary" busy={act.busy} onClick={() => void act.start(remedy)}>
            {say.actions[remedy]}
          </Button>
        ))}
        {actions.includes('resetFactors') && (
          <Button kind="danger" onClick={() => resetting.open()}>
            {say.actions.resetFactors}
          </Button>
        )}
        {actions.includes('email') && (
          <Link to="/people/$id" params={{ id: user.id }}>
            {say.actions.email}
          </Link>
        )}
      </div>
      <ConfirmDialog
        {...resetting.dialog}
        title={say.confirmReset}
        confirm={say.actions.resetFactors}
        kind="danger"
        onConfirm={() => resetting.submit()}
      >
        <p>{say.confirmResetWhy}</p>
      </ConfirmDialog>
    </section>
  );
}
