import { api, answer } from '../api/client.js';
import type { FactorResponse, OwnMethodResponse, User } from '../api/schema.js';
import { QueryState } from '../components/query-state.js';
import { Skeleton } from '../components/skeleton.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';
import { useFactors, useMethods } from './person-queries.js';
import { Removal } from './removal.js';
import { Card, Things } from './things.js';
import { words } from './words.js';

/** In which ways the person can sign in, and what is asked for beside them. */
export function MethodsCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const query = useMethods(user);
  return (
    <Card title={say.sections.methods}>
      <Things query={query} none={say.noMethods}>
        {(method) => <Method user={user} method={method} />}
      </Things>
    </Card>
  );
}

export function FactorsCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const query = useFactors(user);
  return (
    <Card title={say.sections.factors}>
      <QueryState query={query} loading={<Skeleton rows={1} />}>
        {({ items, recoveryCodesLeft }) => (
          <>
            {items.length === 0 ? (
              <p className={styles.note}>{say.noFactors}</p>
            ) : (
              <ul className={styles.things}>
                {items.map((factor) => (
                  <li key={factor.id} className={styles.thing}>
                    <Factor user={user} factor={factor} />
                  </li>
                ))}
              </ul>
            )}
            {recoveryCodesLeft > 0 && <p className={styles.note}>{say.codesLeft(recoveryCodesLeft)}</p>}
          </>
        )}
      </QueryState>
    </Card>
  );
}

function Method({ user, method }: { readonly user: User; readonly method: OwnMethodResponse }) {
  const say = useWords(words);
  const { id, label, addedAt, _links } = method;
  const name = (say.methodNames as Readonly<Record<string, string>>)[id] ?? label;
  return (
    <>
      <div>
        <p>{name}</p>
        <p className={styles.note}>
          {addedAt === null ? (
            say.withAddress
          ) : (
            <>
              {say.added} <Time at={addedAt} />
            </>
          )}
        </p>
      </div>
      <Removal
        offered={'remove' in _links}
        name={name}
        what={say.ask.removeMethodWhat}
        act={(etag) =>
          answer(
            api.DELETE('/users/{id}/methods/{method}', {
              params: { path: { id: user.id, method: id }, header: { 'if-match': etag } },
            }),
          )
        }
      />
    </>
  );
}

function Factor({ user, factor }: { readonly user: User; readonly factor: FactorResponse }) {
  const say = useWords(words);
  const { id, kind, label, addedAt, lastUsedAt, _links } = factor;
  const name = label ?? say.factorNames[kind];
  const path = { id: user.id, passkeyId: id };
  return (
    <>
      <div>
        <p>
          <bdi>{name}</bdi>
          {label !== null && <span className={styles.soft}> · {say.factorNames[kind]}</span>}
        </p>
        <p className={styles.note}>
          {say.added} <Time at={addedAt} /> ·{' '}
          {lastUsedAt === null ? (
            say.neverUsed
          ) : (
            <>
              {say.lastUsedAt} <Time at={lastUsedAt} />
            </>
          )}
        </p>
      </div>
      <Removal
        offered={'remove' in _links}
        name={name}
        what={say.ask.removeFactorWhat}
        act={(etag) =>
          answer(
            kind === 'passkey'
              ? api.DELETE('/users/{id}/passkeys/{passkeyId}', { params: { path, header: { 'if-match': etag } } })
              : api.DELETE('/users/{id}/totp', { params: { path, header: { 'if-match': etag } } }),
          )
        }
      />
    </>
  );
}
