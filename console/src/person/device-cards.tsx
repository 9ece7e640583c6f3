import { api, answer } from '../api/client.js';
import type { User } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';
import { useRememberedDevices, useSessions } from './person-queries.js';
import { Card, Things } from './things.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

/** Where the person is signed in, each with its end. */
export function SessionsCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const { perform } = usePerform();
  const query = useSessions(user);
  return (
    <Card title={say.sections.devices}>
      <Things query={query} none={say.noDevices}>
        {({ id, kind, device, ip, createdAt, lastUsedAt, current, _links }) => {
          const name = device ?? say.unknownDevice;
          const end = () =>
            perform({
              act: () =>
                answer(
                  api.DELETE('/users/{id}/sessions/{sessionId}', { params: { path: { id: user.id, sessionId: id } } }),
                ),
              done: say.done.ended,
            });
          return (
            <>
              <div>
                <p>
                  {name} <span className={styles.soft}>· {kind === 'browser' ? say.browser : say.api}</span>
                  {current && <span className={styles.soft}> · {say.thisDevice}</span>}
                </p>
                <p className={styles.note}>
                  {ip !== null && `${say.from(ip)} · `}
                  {say.lastUsed} <Time at={lastUsedAt} /> · {say.signedIn} <Time at={createdAt} />
                </p>
              </div>
              {'end' in _links && (
                <Button aria-label={`${say.acts.end}: ${name}`} onClick={end}>
                  {say.acts.end}
                </Button>
              )}
            </>
          );
        }}
      </Things>
    </Card>
  );
}

/** The devices that are not asked for a second factor. */
export function RememberedDevicesCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const { perform } = usePerform();
  const query = useRememberedDevices(user);
  const forgetAll = () =>
    perform({
      act: () => answer(api.DELETE('/users/{id}/remembered-devices', { params: { path: { id: user.id } } })),
      done: say.done.forgotten,
    });
  const canForgetAll = 'forgetDevices' in user._links && (query.data?.length ?? 0) > 1;
  return (
    <Card
      title={say.sections.remembered}
      action={canForgetAll && <Button onClick={forgetAll}>{say.acts.forgetAll}</Button>}
    >
      <Things query={query} none={say.noRemembered}>
        {({ id, device, ip, lastUsedAt, expiresAt, _links }) => {
          const name = device ?? say.unknownDevice;
          const forget = () =>
            perform({
              act: () =>
                answer(
                  api.DELETE('/users/{id}/remembered-devices/{deviceId}', {
                    params: { path: { id: user.id, deviceId: id } },
                  }),
                ),
              done: say.done.forgotten,
            });
          return (
            <>
              <div>
                <p>{name}</p>
                <p className={styles.note}>
                  {ip !== null && `${say.from(ip)} · `}
                  {say.lastUsed} <Time at={lastUsedAt} /> · {say.expires} <Time at={expiresAt} />
                </p>
              </div>
              {'forget' in _links && (
                <Button aria-label={`${say.acts.forget}: ${name}`} onClick={forget}>
                  {say.acts.forget}
                </Button>
              )}
            </>
          );
        }}
      </Things>
    </Card>
  );
}
