import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import type { HelpAnswer, User } from '../api/schema.js';
import { Badge, StatusBadge } from '../components/badge.js';
import { Copy } from '../components/copy.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { Skeleton } from '../components/skeleton.js';
import { EmptyState } from '../components/states.js';
import { Time } from '../components/time.js';
import { fieldWords } from '../events-in-words/field-words.js';
import { useWords } from '../language/language.js';
import { useViewer } from '../session/session.js';
import { Acts, Remedies } from './acts.js';
import { type Point, pointOf } from './address.js';
import { AsOfBar, isBefore, NotThen, PastBanner } from './as-of.js';
import { ContactsCard } from './contacts-card.js';
import { RememberedDevicesCard, SessionsCard } from './device-cards.js';
import { IdentitiesCard } from './identities-card.js';
import { MailsCard } from './mails-card.js';
import { FactorsCard, MethodsCard } from './methods-card.js';
import { nameOf } from './names.js';
import styles from './person.module.css';
import { usePast, usePerson } from './person-queries.js';
import { ProfileCard, ProfileFields } from './profile-card.js';
import { ShownPerson } from './shown-person.js';
import { type Kind, KINDS } from './timeline.js';
import { TimelineSection } from './timeline-section.js';
import { Facts, WhyPanel } from './why-panel.js';
import { words } from './words.js';

/** Everything about one person: why it cannot sign in, what happened, what it has, what may be done. */
export function PersonPage() {
  const { id } = useParams({ from: '/people/$id' });
  const say = useWords(words);
  const person = usePerson(id);
  // Another person is another page: nothing of the former stays, neither forms nor dialogs.
  if (person.data?.user) return <Person key={id} user={person.data.user} etag={person.data.etag ?? ''} />;
  if (person.data?.gone) return <Gone key={id} help={person.data.gone} />;
  return (
    <Page title={say.title}>
      <QueryState query={person} loading={<Skeleton rows={12} />}>
        {() => null}
      </QueryState>
    </Page>
  );
}

function Person({ user, etag }: { readonly user: User; readonly etag: string }) {
  const say = useWords(words);
  const search = useSearch({ from: '/people/$id' });
  const navigate = useNavigate();
  const point = 'history' in user._links ? pointOf(search) : undefined;
  const past = usePast(user, point);
  const name = nameOf(user) ?? say.noName;
  const chooseKinds = (kinds: readonly Kind[]) =>
    void navigate({
      to: '.',
      search: { ...search, show: kinds.length === KINDS.length ? undefined : kinds },
      replace: true,
    });
  const timeline = (until?: string) => (
    <TimelineSection user={user} kinds={search.show ?? KINDS} onKinds={chooseKinds} until={until} />
  );
  return (
    <ShownPerson value={{ user, etag }}>
      <Page
        title={name}
        heading={
          <span className={styles.name}>
            <bdi>{name}</bdi> {point === undefined && <StatusBadge status={user.status} />}
          </span>
        }
        actions={point === undefined && <Acts />}
      >
        <Identity user={user} />
        {point === undefined && <WhyPanel user={user} remedies={<Remedies />} />}
        {'history' in user._links && <AsOfBar user={user} point={point} past={past.data} />}
        {point === undefined ? (
          <div className={styles.columns}>
            <div className={styles.profile}>
              <ProfileCard />
            </div>
            {timeline()}
            <Cards user={user} />
          </div>
        ) : isBefore(past.error) ? (
          <NotThen />
        ) : (
          <QueryState query={past} loading={<Skeleton rows={8} />}>
            {(then) => <Past user={user} past={then} point={point} timeline={timeline} />}
          </QueryState>
        )}
      </Page>
    </ShownPerson>
  );
}

interface PastProps {
  readonly user: User;
  readonly past: User;
  readonly point: Exclude<Point, undefined>;
  readonly timeline: (until: string) => React.ReactNode;
}

function Past({ user, past, point, timeline }: PastProps) {
  return (
    <>
      <PastBanner user={user} past={past} point={point} />
      <div className={styles.columns}>
        <div className={styles.profile}>
          <ProfileFields user={past} />
        </div>
        {timeline('at' in point ? point.at : past.updatedAt)}
      </div>
    </>
  );
}

/** What the person has, as far as the links lead there. */
function Cards({ user }: { readonly user: User }) {
  const { _links: links } = user;
  return (
    <div className={styles.side}>
      {'sessions' in links && <SessionsCard user={user} />}
      {'methods' in links && <MethodsCard user={user} />}
      {'identities' in links && <IdentitiesCard user={user} />}
      {'factors' in links && <FactorsCard user={user} />}
      {'rememberedDevices' in links && <RememberedDevicesCard user={user} />}
      {'contacts' in links && <ContactsCard user={user} />}
      {'mails' in links && <MailsCard user={user} />}
    </div>
  );
}

function Identity({ user }: { readonly user: User }) {
  const say = useWords(words);
  const { roles, fields } = useWords(fieldWords);
  const viewer = useViewer();
  return (
    <div className={styles.identity}>
      <span>
        <bdi>{user.email ?? say.noAddress}</bdi>
        {user.email !== null && <Copy text={user.email} />}
        {user.email !== null && !user.emailVerified && <Badge tone="warn">{say.unconfirmed}</Badge>}
      </span>
      {user.username !== null && (
        <span>
          @<bdi>{user.username}</bdi>
        </span>
      )}
      <span>
        <Badge tone={user.role === 'AUTHENTICATED' ? 'neutral' : 'info'}>{roles[user.role]}</Badge>
        {user.id === viewer.id && <Badge>{say.you}</Badge>}
      </span>
      {user.lastLoginAt !== null && (
        <span>
          {fields.lastLoginAt} <Time at={user.lastLoginAt} />
        </span>
      )}
      <span className={styles.faint}>
        {say.id} <code>{user.id}</code>
        <Copy text={user.id} />
      </span>
    </div>
  );
}

/** In place of somebody who was erased, or never was. */
function Gone({ help }: { readonly help: HelpAnswer }) {
  const say = useWords(words);
  const wasThere = help.facts.some(({ code }) => code === 'erased');
  return (
    <Page title={wasThere ? say.gone : say.unknown}>
      <EmptyState title={wasThere ? say.gone : say.unknown}>
        <p>{wasThere ? say.goneWhy : say.unknownWhy}</p>
        <p>
          <Link to="/people">{say.toPeople}</Link>
        </p>
      </EmptyState>
      <Facts facts={help.facts} />
    </Page>
  );
}
