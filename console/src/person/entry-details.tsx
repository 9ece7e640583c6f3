import { Link } from '@tanstack/react-router';
import type { HistoryActor, User } from '../api/schema.js';
import { Copy } from '../components/copy.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import { nameOf } from './names.js';
import styles from './person.module.css';
import { useName } from './person-queries.js';
import type { Entry } from './timeline.js';
import { words } from './words.js';

/** Below the sentence: who did it, from where, on what, what came of it, and its trace id. */
export function EntryDetails({ entry, user }: { readonly entry: Entry; readonly user: User }) {
  const say = useWords(words);
  const { kind, item } = entry;
  return (
    <p className={styles.details}>
      {kind === 'changes' && (
        <>
          <Actor actor={item.actor} user={user} />
          <Link to="/people/$id" params={{ id: user.id }} search={{ version: item.userVersion }}>
            {say.asOfHere(item.userVersion)}
          </Link>
        </>
      )}
      {kind === 'signIns' && (
        <>
          {item.actorId !== null && <Colleague id={item.actorId} />}
          {item.device !== null && <span>{item.device}</span>}
          {item.ip !== null && <span>{say.from(item.ip)}</span>}
          {item.times > 1 && (
            <span>
              {say.until} <Time at={item.lastAt} />
            </span>
          )}
        </>
      )}
      {kind === 'mails' && (
        <>
          {item.requestedBy !== null && <Colleague id={item.requestedBy} />}
          {item.reason !== null && item.state !== 'sent' && <span className={styles.reason}>{item.reason}</span>}
          {item.attempts > 1 && <span>{say.attempts(item.attempts)}</span>}
          {item.nextAttemptAt !== null && (
            <span>
              {say.nextAttempt} <Time at={item.nextAttemptAt} />
            </span>
          )}
        </>
      )}
      <span className={styles.trace}>
        <Link to="/help" search={{ about: item.traceId }} title={say.trace}>
          <code>{item.traceId.slice(0, 8)}</code>
        </Link>
        <Copy text={item.traceId} label={say.copyTrace} />
      </span>
    </p>
  );
}

function Actor({ actor, user }: { readonly actor: HistoryActor; readonly user: User }) {
  const say = useWords(words);
  if (actor.kind === 'anonymous') return <span>{say.byAnonymous}</span>;
  if (actor.kind === 'system' || actor.id === undefined) return <span>{say.bySystem}</span>;
  if (actor.id === user.id) return <span>{say.bySelf}</span>;
  const { name = null, username = null, email = null } = actor;
  return <By id={actor.id} name={name ?? username ?? email ?? undefined} />;
}

/** Somebody of whom the API tells the id only. */
function Colleague({ id }: { readonly id: string }) {
  const { data } = useName(id);
  return <By id={id} name={data && nameOf(data)} />;
}

function By({ id, name }: { readonly id: string; readonly name: string | undefined }) {
  const say = useWords(words);
  // The words around the name differ by language.
  const [before = '', after = ''] = say.by('\0').split('\0');
  return (
    <span>
      {before}
      <Link to="/people/$id" params={{ id }}>
        <bdi>{name ?? id.slice(-12)}</bdi>
      </Link>
      {after}
    </span>
  );
}
