import { answer, api } from '../api/client.js';
import type { IdentityResponse, User } from '../api/schema.js';
import { Time } from '../components/time.js';
import { useProviderNames } from '../events-in-words/provider-names.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';
import { useIdentities } from './person-queries.js';
import { Removal } from './removal.js';
import { Card, Things } from './things.js';
import { words } from './words.js';

/** Who the person is at other providers. Not there where nobody can sign in with one, and the person has none from before. */
export function IdentitiesCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const query = useIdentities(user);
  const isOffered = Object.keys(useProviderNames()).length > 0;
  if (!isOffered && !query.data?.length) return null;
  return (
    <Card title={say.sections.identities}>
      <Things query={query} none={say.noIdentities}>
        {(identity) => <Identity user={user} identity={identity} />}
      </Things>
    </Card>
  );
}

function Identity({ user, identity }: { readonly user: User; readonly identity: IdentityResponse }) {
  const say = useWords(words);
  const { id: identityId, providerName, email, username, name, linkedAt, lastUsedAt, removable, _links } = identity;
  const account = [name, email ?? username].filter((part) => part !== null).join(', ');
  return (
    <>
      <div>
        <p>
          <bdi>{providerName}</bdi>
          {account !== '' && (
            <span className={styles.soft}>
              {' '}
              · <bdi>{account}</bdi>
            </span>
          )}
        </p>
        <p className={styles.note}>
          {say.linked} <Time at={linkedAt} /> ·{' '}
          {lastUsedAt === null ? (
            say.neverUsed
          ) : (
            <>
              {say.lastUsedAt} <Time at={lastUsedAt} />
            </>
          )}
        </p>
        {!removable && <p className={styles.note}>{say.onlyWayIn}</p>}
      </div>
      <Removal
        offered={'unlink' in _links}
        kind="unlink"
        name={account === '' ? providerName : `${providerName}, ${account}`}
        what={say.ask.unlinkWhat}
        // Whatever else of the person has changed meanwhile: it is still the same account, and the server looks for another way in.
        act={() =>
          answer(api.DELETE('/users/{id}/identities/{identityId}', { params: { path: { id: user.id, identityId } } }))
        }
      />
    </>
  );
}
