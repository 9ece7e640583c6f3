import { api, answer } from '../api/client.js';
import type { MailState, User } from '../api/schema.js';
import { Badge, type Tone } from '../components/badge.js';
import { Button } from '../components/button.js';
import { Time } from '../components/time.js';
import { mailName, mailWords } from '../events-in-words/mail-words.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';
import { useLists } from './person-queries.js';
import { Card } from './things.js';
import { QueryState } from '../components/query-state.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

const TONES: Readonly<Record<MailState, Tone>> = { queued: 'warn', sent: 'neutral', failed: 'bad' };

/** The mails of a person with what became of each, newest first. */
export function MailsCard({ user }: { readonly user: User }) {
  const say = useWords(words);
  const mailSay = useWords(mailWords);
  const { perform } = usePerform();
  const { mails } = useLists(user, ['mails']);
  return (
    <Card title={say.sections.mails}>
      <QueryState query={mails}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <p className={styles.note}>{say.noMails}</p>;
          return (
            <>
              <ul className={styles.things}>
                {items.map(({ id, template, recipient, state, reason, createdAt, nextAttemptAt, resendOf, _links }) => {
                  const name = mailName(mailSay, template);
                  const resend = () =>
                    perform({
                      act: () => answer(api.POST('/mails/{id}/resend', { params: { path: { id } } })),
                      done: say.done.resent,
                    });
                  return (
                    <li key={id} className={styles.thing}>
                      <div>
                        <p>
                          {name} <Badge tone={TONES[state]}>{mailSay.states[state]}</Badge>
                        </p>
                        <p className={styles.note}>
                          <bdi>{recipient}</bdi> · <Time at={createdAt} />
                          {resendOf !== null && ` · ${say.again}`}
                        </p>
                        {reason !== null && state !== 'sent' && <p className={styles.note}>{reason}</p>}
                        {nextAttemptAt !== null && (
                          <p className={styles.note}>
                            {say.nextAttempt} <Time at={nextAttemptAt} />
                          </p>
                        )}
                      </div>
                      {'resend' in _links && (
                        <Button aria-label={`${say.acts.resend}: ${name}, ${recipient}`} onClick={resend}>
                          {say.acts.resend}
                        </Button>
                      )}
                    </li>
                  );
                })}
              </ul>
              {mails.hasNextPage && (
                <Button busy={mails.isFetchingNextPage} onClick={() => void mails.fetchNextPage()}>
                  {say.moreMails}
                </Button>
              )}
            </>
          );
        }}
      </QueryState>
    </Card>
  );
}
